package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider"
)

func (c *cli) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the provider", Args: takes(),
		Long: `Run the provider with the settings. On SQLite the tables are brought up to date first; on
PostgreSQL run ` + "`sallyport migrate`" + ` before. SIGTERM turns /readyz red, waits for shutdown.delay so
that load balancers notice, lets running requests end for at most shutdown.drain, and exits.`,
		Example: `  sallyport serve --config /etc/sallyport/sallyport.yaml
  SALLYPORT_ISSUER=https://id.example/ SALLYPORT_SEAL_KEYSET_FILE=/run/secrets/keyset sallyport serve`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context()) },
	}
}

func (c *cli) serve(ctx context.Context) error {
	s, err := c.serveSettings()
	if err != nil {
		return err
	}
	log := newLogger(c.err, s.Log.Format, s.Log.Level)
	stopTracing, tracing, err := startTracing(ctx, c.environ)
	if err != nil {
		return &misuse{what: err.Error(), mend: "nothing was started"}
	}
	h, err := openHouse(ctx, s, log)
	if err != nil {
		return err
	}
	err = h.serve(ctx, log, tracing, c.frugal)
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return errors.Join(err, h.db.Close(), stopTracing(flush))
}

func (h *house) serve(ctx context.Context, log *slog.Logger, tracing bool, started func()) error {
	s := h.settings
	if err := h.upToDate(ctx, log); err != nil {
		return err
	}
	reg := newRegistry()
	mailer, err := s.mailer()
	if err != nil {
		return err
	}
	p, err := h.newProvider(ctx, parts{logger: log, registry: reg, tracing: tracing, mailer: mailer})
	if err != nil {
		return err
	}
	defer p.close()
	listener, err := s.listen()
	if err != nil {
		return err
	}
	running := newServers(log)
	if err := running.metrics(s.Metrics.Listen, reg); err != nil {
		return errors.Join(err, listener.Close())
	}
	running.start(listener, p.site)
	log.InfoContext(ctx, "serving", "issuer", s.Issuer, "listen", listener.Addr().String())
	go p.work(ctx)
	started()
	return running.until(ctx, p.site, s.Shutdown.Delay, s.Shutdown.Drain)
}

// upToDate brings an embedded database up to date, where this process is the only
// one. On PostgreSQL an operator decides when.
func (h *house) upToDate(ctx context.Context, log *slog.Logger) error {
	pending, err := h.db.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return err
	}
	if !h.settings.embedded() {
		return &misuse{what: fmt.Sprintf("the database lacks %d migration(s)", len(pending)), mend: "run `sallyport migrate` first"}
	}
	applied, err := h.db.Migrate(ctx)
	if err == nil {
		log.InfoContext(ctx, "migrated", "applied", applied)
	}
	return err
}

// servers are the HTTP servers of one process.
type servers struct {
	log    *slog.Logger
	wg     sync.WaitGroup
	failed chan error
	all    []*http.Server
}

func newServers(log *slog.Logger) *servers { return &servers{log: log, failed: make(chan error, 8)} }

// start serves h on l. Slow clients get 5 s for a header and 15 s for a body, so that
// holding connections open costs us little.
func (s *servers) start(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.all = append(s.all, server)
	s.wg.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	})
}

// metrics serves /metrics on an address of its own, if one is set.
func (s *servers) metrics(address string, reg *prometheus.Registry) error {
	if address == "" {
		return nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return &misuse{what: "metrics.listen: " + err.Error(), mend: "name a free address or leave it out"}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	s.start(l, mux)
	s.log.Info("metrics", "listen", l.Addr().String())
	return nil
}

// until serves until ctx ends or a server fails, then stops: readiness turns red,
// load balancers get delay to notice, running requests get what is left of drain.
func (s *servers) until(ctx context.Context, site *provider.Site, delay, drain time.Duration) error {
	var err error
	select {
	case err = <-s.failed:
	case <-ctx.Done():
		s.log.Info("stopping", "delay", delay.String(), "drain", drain.String())
		site.Drain()
		time.Sleep(delay)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	for _, server := range s.all {
		if stopped := server.Shutdown(stop); stopped != nil {
			s.log.Warn("requests were cut off", "after", drain.String())
			err = errors.Join(err, server.Close())
		}
	}
	s.wg.Wait()
	return err
}

// listen opens the address of the provider, with TLS where a certificate is set.
func (s *settings) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return nil, &misuse{what: "listen: " + err.Error(), mend: "name a free address of this machine"}
	}
	if s.TLS.Cert == "" {
		return l, nil
	}
	pair := &certificate{cert: s.TLS.Cert, key: s.TLS.Key}
	if _, err := pair.get(nil); err != nil {
		return nil, errors.Join(&misuse{what: "tls.cert: " + err.Error(), mend: "give a certificate and its key in PEM"}, l.Close())
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, NextProtos: []string{"h2", "http/1.1"}}), nil
}

// A certificate reads its files again when they change, so that a renewed one is
// used without a restart.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	at     time.Time // modification of the loaded file
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	about, err := os.Stat(c.cert)
	if err == nil && c.loaded != nil && about.ModTime().Equal(c.at) {
		return c.loaded, nil
	}
	pair, pairErr := tls.LoadX509KeyPair(c.cert, c.key)
	if err = errors.Join(err, pairErr); err != nil {
		if c.loaded != nil {
			return c.loaded, nil // half-written: the old one goes on
		}
		return nil, err
	}
	c.loaded, c.at = &pair, about.ModTime()
	return c.loaded, nil
}

// printer writes the words of a start to people.
func printer(w io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
}
