package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/pquerna/otp/totp"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// The account of the house at the stand-in for Twilio. It opens nothing.
const (
	twilioAccount = "AC00000000000000000000000000000000"
	twilioToken   = "theTokenOfNobody"
)

// A desk plays the people around the product, for programs in any language:
//
//	POST /visit  opens an address in a browser, signs in, and says where that ended
//	POST /code   shows the next code of an authenticator app, none twice
//	POST /sent   waits for the next text message, call or mail to somebody
type desk struct {
	address  string // http://127.0.0.1:PORT/
	mailPort int
	http     *http.Client // trusts the product's certificate
	server   *http.Server
	mail     *smtp.Server

	mu       sync.Mutex
	sent     map[string][]string // by receiver, oldest first
	steps    map[string]int64    // last one shown, by key
	browsers map[string]*visitor
}

func openDesk(cert *certificate) (*desk, error) {
	d := &desk{sent: map[string][]string{}, steps: map[string]int64{}, browsers: map[string]*visitor{}}
	d.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.pool, MinVersion: tls.VersionTLS12}}}
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	letters, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, page.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/2010-04-01/", &standin.Twilio{AccountSID: twilioAccount, AuthToken: twilioToken, Got: func(s standin.Sent) { d.put(s.To, s.Text) }})
	mux.HandleFunc("POST /visit", answering(d.visit))
	mux.HandleFunc("POST /code", answering(d.code))
	mux.HandleFunc("POST /sent", answering(d.take))
	d.address = "http://" + page.Addr().String() + "/"
	d.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	d.mail = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &letterbox{desk: d}, nil }))
	d.mail.Domain = "localhost"
	if at, ok := letters.Addr().(*net.TCPAddr); ok {
		d.mailPort = at.Port
	}
	go func() { _ = d.server.Serve(page) }()  // ends with close
	go func() { _ = d.mail.Serve(letters) }() // ends with close
	return d, nil
}

func (d *desk) close() error { return errors.Join(d.server.Close(), d.mail.Close()) }

// answering makes a handler of a function from JSON to JSON.
func answering[In, Out any](do func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := json.NewDecoder(r.Body).Decode(&in)
		var out Out
		if err == nil {
			out, err = do(r.Context(), in)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // the program has gone
	}
}

type codeWanted struct {
	TOTP string `json:"totp"`
}

type codeShown struct {
	Code string `json:"code"`
}

// code never shows a step twice, because a used one is refused, and uses the neighbours
// that are accepted before it waits.
func (d *desk) code(_ context.Context, in codeWanted) (codeShown, error) {
	d.mu.Lock()
	step := max(d.steps[in.TOTP]+1, (time.Now().Unix()-15)/30)
	d.steps[in.TOTP] = step
	d.mu.Unlock()
	time.Sleep(time.Until(time.Unix((step-1)*30, 0)))
	code, err := totp.GenerateCode(in.TOTP, time.Unix(step*30, 0))
	return codeShown{code}, err
}

type sentWanted struct {
	To string `json:"to"`
}

type message struct {
	Text string `json:"text"`
}

func (d *desk) put(to, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent[to] = append(d.sent[to], text)
}

// take waits up to ten seconds for the oldest message that nobody took.
func (d *desk) take(ctx context.Context, in sentWanted) (message, error) {
	for range 100 {
		d.mu.Lock()
		if waiting := d.sent[in.To]; len(waiting) > 0 {
			d.sent[in.To] = waiting[1:]
			d.mu.Unlock()
			return message{waiting[0]}, nil
		}
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return message{}, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return message{}, fmt.Errorf("nothing was sent to %s", in.To)
}
