package main

import (
	"bufio"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// greeter is a mail server that gives its greeting and hears one line.
func greeter(t *testing.T) (port int, heard chan string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	heard = make(chan string, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "220 here\r\n")
			line, _ := bufio.NewReader(c).ReadString('\n')
			heard <- line
			fmt.Fprint(c, "502 not today\r\n")
			_ = c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, heard
}

// TestEmailProvider: mails go as configured, then over the server that was set, then as
// configured again. Its password is never answered, and never goes to another server.
func TestEmailProvider(t *testing.T) {
	x := newTenant(t, nil)
	const scopes = "create:email_provider read:email_provider update:email_provider delete:email_provider"
	do := func(status int, method, body string) reply {
		t.Helper()
		return x.may(scopes, status, method, "/emails/provider", body)
	}
	mails := 0
	asConfigured := func(when string) {
		t.Helper()
		mails++
		if err := x.built.post.Send(t.Context(), "ada@example.com", "Hello", "Hello", "<p>Hello"); err != nil || len(x.mails.all()) != mails {
			t.Errorf("%s: %v, %d mails as configured", when, err, len(x.mails.all()))
		}
	}
	port, heard := greeter(t)
	overServer := func(when string) {
		t.Helper()
		if err := x.built.post.Send(t.Context(), "ada@example.com", "Hello", "Hello", "<p>Hello"); err == nil {
			t.Errorf("%s: a server that takes nothing took a mail", when)
		}
		select {
		case line := <-heard:
			if !strings.HasPrefix(line, "EHLO") {
				t.Errorf("%s: it heard %q", when, line)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: nobody called the server", when)
		}
	}
	password := func() bool {
		t.Helper()
		doc, err := x.house.db.Document(t.Context(), "email_provider", "tenant")
		return err == nil && strings.Contains(string(doc.Body), "s3cret")
	}

	do(404, "GET", "")
	do(404, "PATCH", `{"enabled":false}`)
	do(404, "DELETE", "")
	asConfigured("at first")
	server := fmt.Sprintf(`"credentials":{"smtp_host":"127.0.0.1","smtp_port":%d,"smtp_user":"acme"`, port)
	shown := `{"name":"smtp","enabled":true,"default_from_address":"Acme <id@acme.example>",` + server + `},"settings":{}}`
	sent := `{"name":"smtp","default_from_address":"Acme <id@acme.example>",` + server + `,"smtp_pass":"s3cret"}}`
	do(201, "POST", sent).says(t, shown)
	do(409, "POST", sent)
	do(200, "GET", "").says(t, shown)
	overServer("set")
	do(200, "PATCH", `{"enabled":false}`)
	asConfigured("switched off")
	do(200, "PATCH", `{"enabled":true,"default_from_address":"id@acme.example"}`)
	overServer("switched on")
	if !password() {
		t.Error("the password is gone")
	}
	do(200, "PATCH", `{"credentials":{"smtp_user":"other","smtp_pass":"other"}}`)
	if password() {
		t.Error("the password is kept for another user")
	}
	kept := do(200, "GET", "").body
	do(400, "PATCH", `{"credentials":{"smtp_host":"evil.example"}}`).complains(t, "password")
	do(400, "PATCH", `{"credentials":{"smtp_port":2525}}`).complains(t, "password")
	if now := do(200, "GET", "").body; !reflect.DeepEqual(now, kept) {
		t.Errorf("what was refused is stored: %v, not %v", now, kept)
	}
	if doc, err := x.house.db.Document(t.Context(), "email_provider", "tenant"); err != nil || !strings.Contains(string(doc.Body), `"password":"other"`) {
		t.Errorf("a refusal took the password: %v", err)
	}
	do(200, "PATCH", `{"credentials":{"smtp_user":""}}`).says(t, fmt.Sprintf(`{"name":"smtp","enabled":true,"default_from_address":"id@acme.example","credentials":{"smtp_host":"127.0.0.1","smtp_port":%d},"settings":{}}`, port))
	if err := x.house.db.DeleteDocument(t.Context(), "email_provider", "tenant"); err != nil { // as another node does
		t.Fatal(err)
	}
	if err := x.built.post.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	asConfigured("removed elsewhere")

	do(403, "POST", `{"name":"mailgun","default_from_address":"id@acme.example"}`).complains(t, "smtp")
	do(400, "POST", `{"name":"smtp","default_from_address":"id@acme.example"}`).complains(t, "smtp_host")
	do(400, "POST", `{"name":"smtp","default_from_address":"nobody","credentials":{"smtp_host":"mail.acme.example"}}`).complains(t, "from")
	do(201, "POST", sent)
	do(204, "DELETE", "")
	asConfigured("removed")
	told := func(kind string) (passwords []string) {
		t.Helper()
		for _, e := range x.events(kind) {
			if e.Data["host"] != "127.0.0.1" || fmt.Sprint(e.Data["port"]) != strconv.Itoa(port) || e.Data["enabled"] == nil || !strings.Contains(fmt.Sprint(e.Data["from"]), "id@acme.example") {
				t.Errorf("the audit log: %s %v", kind, e.Data)
			}
			if text := fmt.Sprint(e.Data); strings.Contains(text, "s3cret") || strings.Contains(text, "other") {
				t.Errorf("the audit log has the secret: %s", text)
			}
			passwords = append(passwords, fmt.Sprint(e.Data["password"]))
		}
		slices.Sort(passwords)
		return passwords
	}
	changed := told("email_provider.changed")
	if want := []string{"changed", "changed", "changed", "dropped", "kept", "kept"}; !slices.Equal(changed, want) {
		t.Errorf("the audit log says of the password: %v", changed)
	}
	if removed := told("email_provider.removed"); !slices.Equal(removed, []string{"dropped"}) {
		t.Errorf("the audit log says of the removed password: %v", removed)
	}
	x.may("read:email_provider", 403, "POST", "/emails/provider", sent)
	x.may("create:email_provider", 403, "GET", "/emails/provider", "")
}
