package email

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// soon is far below every timeout that would hide a hang.
const soon = 5 * time.Second

// script is a server that answers as told and says nothing where answer is empty. The
// channel closes when the client has hung up.
func script(t *testing.T, greeting string, answer func(command string) string) (Config, <-chan struct{}) {
	t.Helper()
	l := listen(t)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		converse(conn, greeting, answer)
	}()
	c := settings(l)
	c.TLS = tlsNone
	return c, gone
}

func converse(conn net.Conn, greeting string, answer func(string) string) {
	io.WriteString(conn, greeting)
	lines := bufio.NewScanner(conn)
	for data := false; lines.Scan(); {
		command, _, _ := strings.Cut(lines.Text(), " ")
		if data && lines.Text() != "." {
			continue
		}
		data = command == "DATA"
		io.WriteString(conn, answer(command))
	}
}

// polite answers every command, silent only to the one named.
func polite(silent string) func(string) string {
	return func(command string) string {
		switch command {
		case silent:
			return ""
		case "DATA":
			return "354 go on\r\n"
		case "QUIT":
			return "221 bye\r\n"
		}
		return "250 fine\r\n"
	}
}

func hungUp(t *testing.T, gone <-chan struct{}) {
	t.Helper()
	select {
	case <-gone:
	case <-time.After(soon):
		t.Error("the connection is still open")
	}
}

func TestHangEndsWithContext(t *testing.T) {
	for _, c := range []struct{ name, greeting, silent string }{
		{"greeting", "", ""},
		{"greeting", "220 hello\r\n", "EHLO"},
		{"MAIL FROM", "220 hello\r\n", "MAIL"},
		{"RCPT TO", "220 hello\r\n", "RCPT"},
		{"DATA", "220 hello\r\n", "DATA"},
		{"DATA", "220 hello\r\n", "."},
	} {
		t.Run(c.name+" "+c.silent, func(t *testing.T) {
			config, gone := script(t, c.greeting, polite(c.silent))
			m, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			begun := time.Now()
			err = m.Send(ctx, testTo, testSubject, testText, testHTML)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrPermanent) || !strings.HasPrefix(fmt.Sprint(err), "email: "+c.name+": ") {
				t.Errorf("error %v", err)
			}
			if time.Since(begun) > soon {
				t.Error("returned long after its context")
			}
			hungUp(t, gone)
		})
	}
}

func TestHangEndsWithTimeout(t *testing.T) {
	for _, mode := range []string{tlsStart, tlsImplicit} {
		c, gone := script(t, "", func(string) string { return "" })
		c.TLS, c.Timeout = mode, 50*time.Millisecond
		if err := send(t, c); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", mode, err)
		}
		hungUp(t, gone)
	}
}

func TestCancelWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, gone := script(t, "220 hello\r\n", func(string) string { cancel(); return "" })
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(ctx, testTo, testSubject, testText, testHTML); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	hungUp(t, gone)
}

func TestTakenOverIsSentWhateverFollows(t *testing.T) {
	for _, bye := range []string{"", "421 no more\r\n", "500 what?\r\n"} {
		c, gone := script(t, "220 hello\r\n", func(command string) string {
			if command == "QUIT" {
				return bye
			}
			return polite("")(command)
		})
		if err := send(t, c); err != nil {
			t.Errorf("%q to QUIT: %v", bye, err)
		}
		hungUp(t, gone)
	}
}

func TestStrangeServers(t *testing.T) {
	for name, c := range map[string]struct {
		greeting  string
		permanent bool
	}{
		"not SMTP":    {"geheim HTTP/1.1 400 Bad Request\r\n", false},
		"busy":        {"421 4.3.2 geheim\r\n", false},
		"not for you": {"554 5.7.1 geheim\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			config, gone := script(t, c.greeting, polite(""))
			err := send(t, config)
			if err == nil || errors.Is(err, ErrPermanent) != c.permanent {
				t.Errorf("error %v, permanent %t", err, errors.Is(err, ErrPermanent))
			}
			hungUp(t, gone)
		})
	}
}

func TestEndlessLogin(t *testing.T) {
	echo := "334 " + base64.StdEncoding.EncodeToString([]byte(testPassword)) + "\r\n"
	c, gone := script(t, "220 hello\r\n", func(command string) string {
		switch command {
		case "EHLO":
			return "250-hello\r\n250 AUTH LOGIN\r\n"
		case "*":
			return "501 as you like\r\n"
		case "QUIT":
			return "221 bye\r\n"
		}
		return echo
	})
	c.Username, c.Password = testUser, testPassword
	if err := send(t, c); !errors.Is(err, errNotSMTP) {
		t.Errorf("error %v", err)
	}
	hungUp(t, gone)
}

// A server that answers before TLS what the client asks only within it must gain nothing.
func TestInjectedAnswersBeforeTLS(t *testing.T) {
	asked := make(chan string, 16)
	c, gone := script(t, "220 hello\r\n", func(command string) string {
		asked <- command
		switch command {
		case "EHLO":
			return "250-hello\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
		case "STARTTLS":
			return "220 go on\r\n250-hello\r\n250 AUTH PLAIN\r\n235 fine\r\n250 fine\r\n250 fine\r\n354 go on\r\n250 fine\r\n"
		}
		return ""
	})
	c.TLS, c.Username, c.Password, c.Timeout = tlsStart, testUser, testPassword, 200*time.Millisecond
	if err := send(t, c); err == nil {
		t.Error("no error")
	}
	hungUp(t, gone)
	close(asked)
	for command := range asked {
		if command == "AUTH" || command == "MAIL" {
			t.Errorf("%s before TLS", command)
		}
	}
}
