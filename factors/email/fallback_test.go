package email

import (
	"errors"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport-id/sallyport/factors"
)

// The second server takes what the first has refused or cannot be asked for, and nothing
// that the first may have taken.
func TestFallback(t *testing.T) {
	open := func(b *backend) *Mailer {
		m, err := New(serve(t, b, tlsStart, nil))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, c := range map[string]struct {
		first  *backend
		second int // mails of the second server
	}{
		"a first that works":   {&backend{mechanisms: []string{"PLAIN"}}, 0},
		"a first that refuses": {&backend{mechanisms: []string{"PLAIN"}, rcptError: &smtp.SMTPError{Code: 451, Message: "later"}}, 1},
	} {
		second := &backend{mechanisms: []string{"PLAIN"}}
		if err := (Fallback{open(c.first), open(second)}).Send(t.Context(), testTo, testSubject, testText, testHTML); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, n := second.counts(); n != c.second {
			t.Errorf("%s: the second server got %d mails, want %d", name, n, c.second)
		}
	}
	// Nobody knows what a server took that does not answer to the end of a mail.
	c, _ := script(t, "220 hello\r\n", polite("."))
	c.Timeout = 50 * time.Millisecond
	first, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	second := &backend{mechanisms: []string{"PLAIN"}}
	err = Fallback{first, open(second)}.Send(t.Context(), testTo, testSubject, testText, testHTML)
	if _, n := second.counts(); n != 0 || err == nil || errors.Is(err, factors.ErrUnsent) {
		t.Errorf("%d mails by the second server, %v", n, err)
	}
	if err := (Fallback{}).Send(t.Context(), "a@example.org", "", "", ""); !errors.Is(err, factors.ErrUnsent) {
		t.Errorf("no server: %v", err)
	}
}
