package email

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	testTo      = "ada@example.org"
	testSubject = "Grüße von Sallyport"
	testText    = "Grüße!\n.\nhttps://id.example/reset?token=geheim\n"
	testHTML    = "<p>Grüße! <a href=\"https://id.example/reset?token=geheim\">weiter</a></p>"
)

func send(t *testing.T, c Config) error {
	t.Helper()
	return sendTo(t, c, testTo)
}

func sendTo(t *testing.T, c Config, to string) error {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Send(t.Context(), to, testSubject, testText, testHTML)
	if err != nil {
		discreet(t, err)
	}
	return err
}

// discreet fails where an error, or anything it wraps, tells what it must not.
func discreet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"geheim", testPassword, testTo, "Grüße"} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), secret) {
			t.Errorf("error tells %q: %v", secret, err)
		}
	}
}

func TestSend(t *testing.T) {
	for _, c := range []struct{ mode, mechanism string }{
		{tlsStart, "PLAIN"}, {tlsStart, "LOGIN"}, {tlsImplicit, "PLAIN"}, {tlsImplicit, "LOGIN"}, {tlsNone, "PLAIN"}, {tlsNone, "LOGIN"},
	} {
		t.Run(c.mode+" "+c.mechanism, func(t *testing.T) {
			b := &backend{mechanisms: []string{c.mechanism}}
			if err := send(t, serve(t, b, c.mode, nil)); err != nil {
				t.Fatal(err)
			}
			all := b.all()
			if len(all) != 1 {
				t.Fatalf("%d messages", len(all))
			}
			got := all[0]
			if got.from != "noreply@sallyport.example" || got.to != testTo || got.user != testUser || got.utf8 {
				t.Errorf("envelope: %+v", got)
			}
			if got.tls != (c.mode != tlsNone) {
				t.Errorf("over TLS: %t", got.tls)
			}
			checkContent(t, got.content)
		})
	}
}

func checkContent(t *testing.T, content []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	checkHeader(t, m.Header)
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	checkPart(t, parts, "text/plain", testText)
	checkPart(t, parts, "text/html", testHTML)
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("a third part: %v", err)
	}
}

func checkHeader(t *testing.T, h mail.Header) {
	t.Helper()
	if subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject")); err != nil || subject != testSubject {
		t.Errorf("subject %q: %v", subject, err)
	}
	if date, err := h.Date(); err != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("date %s: %v", date, err)
	}
	if id := h.Get("Message-ID"); !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, "@sallyport.example>") {
		t.Errorf("message id %q", id)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "MIME-Version": "1.0", "User-Agent": "",
		"From": `"Sallyport" <noreply@sallyport.example>`, "To": "<" + testTo + ">",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func checkPart(t *testing.T, parts *multipart.Reader, kind, want string) {
	t.Helper()
	p, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	got, parameters, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil || got != kind || !strings.EqualFold(parameters["charset"], "utf-8") {
		t.Errorf("part %q %v: %v", got, parameters, err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ReplaceAll(string(body), "\r\n", "\n"); text != want {
		t.Errorf("%s: %q, want %q", kind, text, want)
	}
}

func TestSendWithoutLogin(t *testing.T) {
	b := &backend{}
	if err := send(t, serve(t, b, tlsStart, nil)); err != nil {
		t.Fatal(err)
	}
	if len(b.all()) != 1 {
		t.Error("nothing arrived")
	}
}

func TestConcurrentSends(t *testing.T) {
	const senders = 20
	b := &backend{mechanisms: []string{"PLAIN"}}
	m, err := New(serve(t, b, tlsStart, nil))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			if err := m.Send(t.Context(), fmt.Sprintf("user%d@example.org", i), testSubject, testText, testHTML); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	recipients, ids := map[string]bool{}, map[string]bool{}
	for _, got := range b.all() {
		message, err := mail.ReadMessage(bytes.NewReader(got.content))
		if err != nil {
			t.Fatal(err)
		}
		recipients[got.to], ids[message.Header.Get("Message-ID")] = true, true
		if message.Header.Get("To") != "<"+got.to+">" {
			t.Errorf("mixed up: %s in the envelope, %s in the header", got.to, message.Header.Get("To"))
		}
	}
	if len(recipients) != senders || len(ids) != senders {
		t.Errorf("%d recipients, %d message ids", len(recipients), len(ids))
	}
}

func TestInternationalAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		to, arrives string
		server      bool // knows SMTPUTF8
		utf8        bool
	}{
		"domain, old server":     {"ada@bücher.example", "ada@xn--bcher-kva.example", false, false},
		"domain, new server":     {"ada@bücher.example", "ada@xn--bcher-kva.example", true, false},
		"local part, new server": {"пётр@bücher.example", "пётр@xn--bcher-kva.example", true, true},
		"local part, old server": {"пётр@example.org", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			err := sendTo(t, serve(t, b, tlsStart, func(s *smtp.Server) { s.EnableSMTPUTF8 = c.server }), c.to)
			if c.arrives == "" {
				if !errors.Is(err, ErrPermanent) {
					t.Errorf("error %v is not permanent", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := b.all()[0]; got.to != c.arrives || got.utf8 != c.utf8 {
				t.Errorf("to %q, SMTPUTF8 %t", got.to, got.utf8)
			}
		})
	}
}

func TestInjectionIsRefused(t *testing.T) {
	b := &backend{}
	m, err := New(serve(t, b, tlsStart, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ to, subject string }{
		"header in to":         {"ada@example.org\r\nBcc: eve@example.org", "s"},
		"lf in to":             {"ada@example.org\nBcc: eve@example.org", "s"},
		"cr in quoted to":      {"\"a\rb\"@example.org", "s"},
		"command in to":        {"ada@example.org>\r\nRCPT TO:<eve@example.org", "s"},
		"parameter in to":      {"ada@example.org> NOTIFY=NEVER", "s"},
		"two recipients":       {"ada@example.org, eve@example.org", "s"},
		"no recipient":         {"", "s"},
		"no domain":            {"ada", "s"},
		"header in subject":    {testTo, "s\r\nBcc: eve@example.org"},
		"lf in subject":        {testTo, "s\nBcc: eve@example.org"},
		"cr in subject":        {testTo, "s\rBcc: eve@example.org"},
		"body through subject": {testTo, "s\r\n\r\n<h1>"},
	} {
		t.Run(name, func(t *testing.T) {
			err := m.Send(t.Context(), c.to, c.subject, testText, testHTML)
			if !errors.Is(err, ErrPermanent) {
				t.Errorf("error %v is not permanent", err)
			}
			if strings.Contains(fmt.Sprint(err), "eve@") {
				t.Errorf("error repeats the input: %v", err)
			}
		})
	}
	if _, mails := b.counts(); mails != 0 {
		t.Errorf("%d mails begun", mails)
	}
}
