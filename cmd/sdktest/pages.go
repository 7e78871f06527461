package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// pages serves the applications that live in a browser, with the SDK's own file for it,
// and takes what they report.
type pages struct {
	server *http.Server

	mu   sync.Mutex
	rows []byte // JSON lines
	who  string // is at the browser
}

// servePages serves the program called name. packages is the folder that npm filled.
func (h *house) servePages(packages string) (*pages, error) {
	p := &pages{}
	world, err := os.ReadFile(h.worldFile())
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(h.world.SPA)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", at.Host)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{page}", func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.PathValue("page"))
		if filepath.Ext(name) == "" {
			name += ".html"
		}
		http.ServeFile(w, r, filepath.Join("cmd/sdktest/spa", name))
	})
	mux.HandleFunc("GET /report.mjs", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "cmd/sdktest/node/report.mjs") })
	mux.Handle("GET /sdk/", http.StripPrefix("/sdk/", http.FileServer(http.Dir(filepath.Join(packages, "node_modules")))))
	mux.HandleFunc("GET /world.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(world) }) // the browser has gone
	mux.HandleFunc("GET /echo", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Header.Get("Authorization"))) })
	mux.HandleFunc("POST /row", p.take)
	mux.HandleFunc("POST /is", p.is)
	mux.Handle("POST /code", h.desk.server.Handler)
	mux.Handle("POST /sent", h.desk.server.Handler)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{h.cert.pair}, MinVersion: tls.VersionTLS12,
	}}
	go func() { _ = p.server.ServeTLS(listener, "", "") }() // ends with close
	return p, nil
}

func (p *pages) take(w http.ResponseWriter, r *http.Request) {
	var row json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&row); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = append(append(p.rows, row...), '\n')
}

func (p *pages) is(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := json.NewDecoder(r.Body).Decode(&p.who); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// now is who is at the browser, and what has been reported.
func (p *pages) now() (who string, rows []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.who, p.rows
}

func (p *pages) close() error {
	err := p.server.Close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
