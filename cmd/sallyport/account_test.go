package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/storage"
)

// A postOffice is a mail server that keeps subjects.
type postOffice struct {
	mu       sync.Mutex
	subjects []string
}

func openPostOffice(t *testing.T) (*postOffice, string) {
	t.Helper()
	o := &postOffice{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{o}, nil }))
	go func() { _ = server.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return o, port
}

// took is how many mails have a subject.
func (o *postOffice) took(subject string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(o.subjects), func(s string) bool { return s != subject }))
}

type delivery struct{ o *postOffice }

func (*delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (*delivery) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*delivery) Reset()                               {}
func (*delivery) Logout() error                        { return nil }

func (d *delivery) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	for line := range strings.Lines(string(b)) {
		if subject, ok := strings.CutPrefix(line, "Subject: "); ok {
			d.o.mu.Lock()
			d.o.subjects = append(d.o.subjects, strings.TrimSpace(subject))
			d.o.mu.Unlock()
		}
	}
	return err
}

var codeInText = regexp.MustCompile(`\b[0-9]{6}\b`)

// A keeper is a person who looks after their account, at a provider with a mail server and
// a vendor of text messages.
type keeper struct {
	*tab
	p      *process
	issuer string
	office *postOffice
	texts  chan string
	phone  *phone
	db     *storage.DB
	userID string
	proofs int // that the pages asked for since the last look
}

func openKeeper(t *testing.T) *keeper {
	t.Helper()
	dir, address := t.TempDir(), freePort(t)
	_, port, _ := net.SplitHostPort(address)
	k := &keeper{issuer: "http://localhost:" + port + "/", texts: make(chan string, 8), phone: &phone{t: t, secret: contextSecret}}
	office, mailPort := openPostOffice(t)
	k.office = office
	vendor := httptest.NewServer(&standin.Twilio{AccountSID: "AC00", AuthToken: "token", Got: func(s standin.Sent) { k.texts <- s.Text }})
	t.Cleanup(vendor.Close)
	dsn, config := "sqlite:"+filepath.Join(dir, "sallyport.db"), filepath.Join(dir, "sallyport.yaml")
	text := fmt.Sprintf("issuer: %s\nlisten: %s\ndatabase: {dsn: %q}\nseal: {keyset_file: keyset}\nshutdown: {delay: 0s}\n"+
		"mail: {host: 127.0.0.1, port: %s, from: id@acme.example, tls: none}\n"+
		"factors: {sms: {sender: twilio, twilio: {account_sid: AC00, auth_token: token, from: \"+15005550006\", base_url: %q}}}\n",
		k.issuer, address, dsn, mailPort, vendor.URL)
	line := fmt.Sprintf(`{"username":"ada","email":"ada@acme.example","email_verified":true,"totp_secret":%q,"password_hash":%q}`+"\n", contextSecret, crashHash)
	for name, content := range map[string]string{config: text, filepath.Join(dir, "people.jsonl"): line} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verbs := [][]string{{"keys", "generate", "--out", filepath.Join(dir, "keyset")}, {"migrate", "--config", config}}
	for _, factor := range []string{factors.Platform, factors.OTP, factors.SMS, factors.RecoveryCode} {
		verbs = append(verbs, []string{"factor", "enable", factor, "--config", config})
	}
	for _, verb := range append(verbs, []string{"user", "import", filepath.Join(dir, "people.jsonl"), "--config", config}) {
		if out, status := runVerb(t, verb...); status != 0 {
			t.Fatalf("%v: %s", verb, out)
		}
	}
	k.db = openRegister(t, dsn, filepath.Join(dir, "keyset"))
	u, err := k.db.UserByLogin(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	k.userID = u.ID
	k.p = launch(t, nil, "serve", "--config", config)
	k.p.await("/readyz", func() bool { return status(k.issuer+"readyz") == http.StatusOK })
	k.tab = openChromium(t, true)
	return k
}

// openRegister opens a provider's database beside it.
func openRegister(t *testing.T, dsn, keyset string) *storage.DB {
	t.Helper()
	b, err := os.ReadFile(keyset)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := storage.NewSealer([]byte(strings.TrimSpace(string(b))))
	if err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(t.Context(), storage.Options{DSN: dsn, Sealer: sealer, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// idle makes all that was proven an hour old.
func (k *keeper) idle() {
	k.t.Helper()
	sessions, err := k.db.Sessions(k.t.Context(), k.userID)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, s := range sessions {
		for i := range s.Proofs {
			s.Proofs[i].At = s.Proofs[i].At.Add(-time.Hour)
		}
		s.AuthTime = s.AuthTime.Add(-time.Hour)
		if err := k.db.UpdateSession(k.t.Context(), s); err != nil {
			k.t.Fatal(err)
		}
	}
	k.proofs = 0
}

// shows proves with the password and the app, each of which has to be asked for once.
func (k *keeper) shows() {
	k.t.Helper()
	k.says("#title", "Enter your password").fill("#password", crashPassword).click("#continue")
	if k.has("[data-start]") { // the passkey, which is not at hand
		k.click("#other").click(`button[value="otp"]`)
	}
	k.says("#title", "Enter your code").leave("the code", func() { k.fill("#code", k.phone.code()) })
	k.proofs++
}

// texted is the code of the next text message.
func (k *keeper) texted() string {
	k.t.Helper()
	select {
	case text := <-k.texts:
		return codeInText.FindString(text)
	case <-time.After(20 * time.Second):
		k.t.Fatal("no text message")
		return ""
	}
}

// did checks that something was done: once, under proofs that were asked for once, mailed
// and written down.
func (k *keeper) did(event, subject string) {
	k.t.Helper()
	k.see("#notice.good")
	if k.proofs != 1 {
		k.t.Errorf("%s: proof was asked for %d times", event, k.proofs)
	}
	events, err := k.db.Events(k.t.Context(), storage.EventFilter{Type: event, UserID: k.userID})
	if err != nil || len(events) == 0 || events[0].Actor != "user:"+k.userID {
		k.t.Errorf("%s: in the log: %+v, %v", event, events, err)
	}
	k.p.await("the mail "+subject, func() bool { return k.office.took(subject) > 0 })
	k.proofs = 0
}

// Issue 5, done when 5: a person with two factors, on a phone's screen.
func TestAccount(t *testing.T) {
	k := openKeeper(t)
	account := k.issuer + "account"
	k.open(account).see("#continue").fill("#username", "ada").fill("#password", crashPassword).click("#continue")
	k.says("#title", "Your account").click("#add").click(`button[value="sms"]`)
	k.says("#title", "Enter your code").leave("the code", func() { k.fill("#code", k.phone.code()) }) // the password was shown just now
	k.see("#phone_number").fill("#phone_number", "+49 151 23456789").click("#continue")
	code := k.texted()
	k.see("#code").leave("the code", func() { k.fill("#code", code) })
	if k.has("#codes") {
		k.tick("#saved").click("#continue")
	}
	k.see("#notice.good")
	k.p.await("the first mail", func() bool { return k.office.took("A new way to sign in was added") == 1 })

	// Add a passkey; the proof is a code by text message this time.
	_, unplug := k.plug(lock(true))
	k.idle()
	k.open(account + "/add").click(`button[value="webauthn-platform"]`)
	k.says("#title", "Enter your password").fill("#password", crashPassword).click("#continue")
	k.says("#title", "Enter your code").click("#other").click(`button[value^="sms"]`)
	code = k.texted()
	k.see("#code").leave("the code", func() { k.fill("#code", code) })
	k.proofs++
	k.says("#title", "Sign in faster").click("#continue")
	k.did("authenticator.added", "A new way to sign in was added")
	k.p.await("the second mail", func() bool { return k.office.took("A new way to sign in was added") == 2 })
	unplug()

	// Remove the text messages.
	k.idle()
	k.open(account).click(`[data-factor="sms"] a[href*="/remove/"]`)
	k.shows()
	k.says("#title", "Remove this way?").click("#continue")
	k.did("authenticator.removed", "A way to sign in was removed")

	// New recovery codes.
	k.idle()
	k.open(account).click("#renew")
	k.shows()
	k.says("#title", "Make new recovery codes?").click("#continue")
	k.see("#codes").tick("#saved").click("#continue")
	k.did("recovery_code.regenerated", "You have new recovery codes")

	// Sign out another session.
	other := newBrowser(t)
	other.get(account).fill(map[string]string{"username": "ada", "password": crashPassword}).submit("")
	k.idle()
	k.open(account).click(`#sessions ~ ul a[href*="/end/"]`)
	k.shows()
	k.says("#title", "Sign out there?").click("#continue")
	k.did("session.ended", "You were signed out in a browser")
	if other.get(account); !strings.Contains(other.body, `id="username"`) {
		t.Errorf("still signed in there: %s", other.text())
	}
	all, err := k.db.Authenticators(t.Context(), k.userID)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, a := range all {
		left = append(left, a.Factor)
	}
	slices.Sort(left)
	if want := []string{factors.OTP, factors.Password, factors.RecoveryCode, factors.Platform}; !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
}
