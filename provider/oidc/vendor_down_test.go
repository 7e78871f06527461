package oidc_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/factors/standin"
)

// A postOffice is a mail server that fails as it is told.
type postOffice struct {
	mu     sync.Mutex
	fault  standin.Fault
	got    []string
	mailer *email.Mailer
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(o)
	server.Domain = "localhost"
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	if o.mailer, err = email.New(email.Config{Host: "127.0.0.1", Port: port, TLS: "none", From: "Test <test@example.com>"}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *postOffice) set(f standin.Fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = f
}

func (o *postOffice) taken() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.got)
}

// NewSession implements smtp.Backend.
func (o *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) { return &counter{o, c}, nil }

// A counter is one connection to a post office.
type counter struct {
	o *postOffice
	c *smtp.Conn
}

// Mail implements smtp.Session.
func (s *counter) Mail(string, *smtp.MailOptions) error {
	s.o.mu.Lock()
	f := s.o.fault
	s.o.mu.Unlock()
	switch {
	case f.Wait > 0:
		time.Sleep(f.Wait)
	case f.Status != 0:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now"}
	case f.Drop && !f.After:
		return s.c.Conn().Close()
	}
	return nil
}

// Rcpt implements smtp.Session.
func (s *counter) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data implements smtp.Session.
func (s *counter) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.got = append(s.o.got, string(content))
	if s.o.fault.Drop {
		return s.c.Conn().Close()
	}
	return nil
}

// Reset implements smtp.Session.
func (s *counter) Reset() {}

// Logout implements smtp.Session.
func (s *counter) Logout() error { return nil }

var watched = regexp.MustCompile(`data-watch="([^"]+)"`)

// told waits as the browser does until the page has news, and returns what it shows then.
// The house's clock keeps up with that on the wall.
func (p *page) told(within time.Duration) *page {
	p.b.h.t.Helper()
	if strings.Contains(p.body, `data-notice="code.`) { // it knew as soon as it was shown
		return p
	}
	m := watched.FindStringSubmatch(p.body)
	if m == nil {
		p.b.h.t.Fatalf("the page watches nothing: %s", p.body)
	}
	at, err := p.at.Parse(unescape(m[1]))
	p.b.h.must(err)
	begin, last := time.Now(), time.Now()
	for {
		p.b.h.wait(time.Since(last))
		last = time.Now()
		if news := p.b.get(at.String()); strings.Contains(news.body, `"reload":true`) {
			return p.b.get(p.at.String())
		}
		if time.Since(begin) > within {
			p.b.h.t.Fatalf("no news within %s", within)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// settled waits until n messages of a channel are over, one way or the other.
func (h *house) settled(channel string, n int) {
	h.t.Helper()
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		over := 0
		for _, e := range append(h.events("message.sent"), h.events("message.failed")...) {
			if e.Data["channel"] == channel {
				over++
			}
		}
		switch {
		case over >= n:
			return
		case time.Now().After(end):
			h.t.Fatalf("%d of %d messages are over", over, n)
		}
		h.wait(time.Second)
	}
}

// A vendor that is down keeps nobody waiting: within five seconds the page says so and
// another way is there, which works. When the vendor is back, nothing is
// sent twice, and no code to who went in another way.
func TestVendorDown(t *testing.T) {
	for name, c := range map[string]struct {
		fault standin.Fault
		after int // messages that arrive in the end
	}{
		"slow":              {standin.Fault{Wait: time.Minute}, -1},                                 // who knows
		"503":               {standin.Fault{Status: http.StatusServiceUnavailable, Code: 20503}, 0}, // refused, and then nobody waits for it
		"dropped":           {standin.Fault{Drop: true}, -1},
		"taken and dropped": {standin.Fault{Drop: true, After: true}, 1},
	} {
		t.Run("texts, "+name, func(t *testing.T) {
			t.Parallel()
			h := phones(t)
			h.working()
			h.withPhone()
			before := len(h.phoned())
			h.twilio.Faults.Always(c.fault)
			p := h.browser().begin(h.ask("web")).name(h, "ada").says("Enter your code").told(5 * time.Second)
			p.troubled().press("other").press("choose", "factor", factors.Email)
			p.press("answer", "code", h.mailed()).answer()
			h.twilio.Faults.None()
			h.settled(factors.SMS, 2)
			if n := len(h.phoned()) - before; n > 1 || c.after >= 0 && n != c.after {
				t.Errorf("%d messages arrived, want %d", n, c.after)
			}
		})
		t.Run("mails, "+name, func(t *testing.T) {
			t.Parallel()
			h := phones(t)
			h.working()
			h.withPhone()
			h.settled(channelMail, 1) // that a way was added
			office := openPostOffice(t)
			h.mails.over(office.mailer)
			office.set(c.fault)
			p := h.browser().begin(h.ask("web")).name(h, "ada").press("other").press("choose", "factor", factors.Email)
			p = p.says("Enter your code").told(5 * time.Second)
			p.troubled().press("other").press("choose", "factor", factors.SMS).press("answer", "code", h.texted()).answer()
			office.set(standin.Fault{})
			over := 3 // with the code, and the news of another browser
			if c.fault.Wait > 0 {
				over = 2 // the code has expired before the server was heard again
			}
			h.settled(channelMail, over)
			if n := office.taken(); n > 2 || c.fault.Status != 0 && n != 1 { // the news, and no code that nobody waits for
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

const channelMail = "mail"

// working has the house try again what did not get through.
func (h *house) working() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.flows.Work(ctx)
	}()
	h.t.Cleanup(func() {
		cancel()
		<-done
		_ = h.flows.Close(context.Background())
	})
}

// troubled fails the test unless the page says that there is trouble, and leaves both ways
// open: to go on, and to take another one.
func (p *page) troubled() *page {
	p.b.h.t.Helper()
	said := strings.Contains(p.body, "could not be sent") || strings.Contains(p.body, "taking longer than usual")
	if !said || !p.has("code") || !strings.Contains(p.body, `value="other"`) {
		p.b.h.t.Errorf("at %s: %s", p.at, p.body)
	}
	return p
}

// mailed is the code of the newest mail.
func (h *house) mailed() string {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		h.mails.mu.Lock()
		all := h.mails.sent
		h.mails.mu.Unlock()
		for i := len(all) - 1; i >= 0; i-- {
			if code := sixDigits.FindString(all[i].subject); code != "" {
				return code
			}
		}
	}
	h.t.Fatal("no mail with a code came")
	return ""
}
