package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/standin"
)

// devFlags are the flags of dev.
type devFlags struct {
	data, listen, readyFile, logLevel string
	set                               []string
}

func (c *cli) devCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use: "dev", Short: "Run everything on this machine, to look around", Args: takes(),
		Long: `Start the provider on SQLite with demo people, a demo application that signs in and steps up,
an inbox that shows the mail it would have sent, and a start page that links it all. It listens
on loopback only. Names, passwords and keys stay the same between runs; remove the data
directory to begin anew.

The verbs work on it too:  sallyport user list --config .sallyport/sallyport.yaml`,
		Example: `  sallyport dev
  sallyport dev --listen 127.0.0.1:0 --data /tmp/try --ready-file /tmp/try.json   # for scripts`,
	}
	cmd.Flags().StringVar(&f.data, "data", ".sallyport", "`directory` of the database, keys and demo secrets")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "loopback `address` of the provider; port 0 takes any free one")
	cmd.Flags().StringVar(&f.readyFile, "ready-file", "", "JSON `file` that is written once the provider answers")
	cmd.Flags().StringVar(&f.logLevel, "log-level", "warn", "debug, info, warn or error")
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "`KEY=VALUE` of a setting to try out, such as factors.push.number_matching=off (repeatable)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return c.dev(cmd.Context(), f) }
	return cmd
}

// A stage is a running dev: its listeners and addresses.
type stage struct {
	provider, app, desk net.Listener
	issuer              string
}

func (c *cli) dev(ctx context.Context, f devFlags) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return &misuse{what: "--log-level: " + err.Error(), mend: "use debug, info, warn or error"}
	}
	log := newLogger(c.err, "text", level)
	st, err := openStage(f.listen)
	if err != nil {
		return err
	}
	data, err := openDemoData(f.data, st.issuer, origin(st.desk))
	if err != nil {
		return err
	}
	s, err := data.settings(f.set)
	if err != nil {
		return err
	}
	stopTracing, tracing, err := startTracing(ctx, c.environ)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, s, log)
	if err != nil {
		return err
	}
	err = c.play(ctx, h, st, data, f.readyFile, parts{logger: log, tracing: tracing})
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return errors.Join(err, h.db.Close(), stopTracing(flush))
}

// play runs the demo until ctx ends.
func (c *cli) play(ctx context.Context, h *house, st *stage, data *demoData, readyFile string, p parts) error {
	if err := h.upToDate(ctx, p.logger); err != nil {
		return err
	}
	if err := h.seed(ctx, data, st); err != nil {
		return err
	}
	inbox := &demo.Inbox{}
	p.mailer, p.preview, p.registry = inboxMailer{inbox, h.now}, true, newRegistry()
	built, err := h.newProvider(ctx, p)
	if err != nil {
		return err
	}
	defer built.close()
	api, err := h.demoAPI(st)
	if err != nil {
		return err
	}
	running := newServers(p.logger)
	running.start(st.provider, built.site)
	running.start(st.app, st.application(h, data, api, p.logger))
	pushes := &standin.PushService{Strangers: true}
	switches, stop, err := pushes.ForChromium(origin(st.desk))
	if err != nil {
		return err
	}
	defer stop()
	running.start(st.desk, outside(inbox, pushes, h.now, st.startPage(data).Handler(inbox)))
	go built.work(ctx)
	if err := awaitAnswer(ctx, st.issuer); err != nil {
		return err
	}
	st.announce(printer(c.out), data)
	if err := writeReady(readyFile, st.ready(data, switches)); err != nil {
		return err
	}
	return running.until(ctx, built.site, 0, 10*time.Second)
}

// openStage takes the three addresses. The provider's is as asked; the other two
// follow it where those ports are free.
func openStage(address string) (*stage, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &misuse{what: "--listen: " + err.Error(), mend: "write 127.0.0.1:8080"}
	}
	ip, err := netip.ParseAddr(strings.Replace(host, "localhost", "127.0.0.1", 1))
	if err != nil || !ip.IsLoopback() {
		return nil, &misuse{what: fmt.Sprintf("--listen: %q is not a loopback address, and the demo has known passwords", host),
			mend: "use 127.0.0.1, or `sallyport serve` to be reached from elsewhere"}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, &misuse{what: fmt.Sprintf("--listen: %q is not a port", port), mend: "use a number from 0 to 65535"}
	}
	first, err := net.Listen("tcp", net.JoinHostPort(ip.String(), port))
	if err != nil {
		return nil, &misuse{what: "--listen: " + err.Error(), mend: "stop what listens there, or use --listen 127.0.0.1:0"}
	}
	st := &stage{provider: first, issuer: origin(first) + "/"}
	for i, next := range []*net.Listener{&st.app, &st.desk} {
		if *next, err = beside(ip.String(), number, i+1); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// beside listens on the port that is offset after number, or on any free one.
func beside(host string, number uint64, offset int) (net.Listener, error) {
	if number > 0 && number+uint64(offset) < 1<<16 { //nolint:gosec // offset is 1 or 2
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.FormatUint(number+uint64(offset), 10))) //nolint:gosec // as above
		if err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}

// origin is the address of a listener by name: browsers make passkeys for names only.
func origin(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "http://" + l.Addr().String()
	}
	return "http://localhost:" + port
}

// awaitAnswer returns once discovery answers: then the provider is ready to be used.
func awaitAnswer(ctx context.Context, issuer string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+".well-known/openid-configuration", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the provider does not answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the provider's discovery answers %s", res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// writeReady writes v to path in one step, so that a script that sees the file sees
// all of it.
func writeReady(path string, v any) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(b, '\n'))
}

// writeFile replaces path by a private file with content b, in one step.
func writeFile(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".sallyport-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
