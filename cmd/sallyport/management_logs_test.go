package main

import (
	"encoding/base32"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/storage"
)

const shopCallback = "http://127.0.0.1:9/callback"

// request is an authorization request of the application shop.
func (x *tenant) request() string {
	return x.url + "/authorize?" + url.Values{
		"client_id": {"shop"}, "response_type": {"code"}, "redirect_uri": {shopCallback}, "scope": {"openid"}, "state": {"0123456789"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode()
}

// codes are the types that the API has for lines that q finds, the oldest first.
func (x *tenant) codes(q string) []string {
	x.t.Helper()
	got := x.admin("read:logs", http.MethodGet, "/logs?sort=date:1&per_page=100&q="+url.QueryEscape(q), nil)
	list, ok := got.body.([]any)
	if !ok {
		x.t.Fatalf("%s: %+v", q, got)
	}
	var types []string
	for _, line := range list {
		types = append(types, line.(object)["type"].(string))
	}
	return types
}

// TestRow120_Logs drives a person through a sign-in with everything that can go wrong, and
// reads Auth0's codes of it.
func TestRow120_Logs(t *testing.T) {
	x := newTenant(t, nil)
	x.set(func(s *storage.Settings) { s.Policy = "always" })
	x.shop()
	const password = "correct horse battery staple"
	x.admin("create:users", http.MethodPost, "/users", object{"connection": connection, "email": "ada@example.com", "user_id": "ada", "password": password, "email_verified": true})

	one := &person{browser: newBrowser(t), t: t, user: demo.User{Username: "ada@example.com", Password: "wrong"}}
	one.stop = shopCallback
	one.get(x.request())
	one.act()
	one.user.Password = password
	one.act()
	one.visit(x.request(), shopCallback)
	kept := one.codes

	two := &person{browser: newBrowser(t), t: t, user: one.user}
	two.stop = shopCallback
	two.get(x.request())
	two.act()
	two.fill(map[string]string{"code": "000000"}).submit("")
	for range 4 {
		if two.has("factor", "recovery-code") {
			two.press("factor", "recovery-code")
			break
		}
		two.submit("other")
	}
	two.fill(map[string]string{"code": kept[0]}).submit("")
	for range 4 {
		if two.landed != nil || !two.act() {
			break
		}
	}
	if err := x.house.db.AddEvents(t.Context(), &storage.Event{Type: "message.failed", UserID: "auth0|ada", Data: map[string]any{"channel": "sms", "reason": "no"}}); err != nil {
		t.Fatal(err)
	}

	got := x.codes(`user_id:"auth0|ada"`)
	for _, want := range []string{"sapi", "fp", "gd_enrollment_complete", "gd_auth_succeed", "s", "gd_auth_failed", "gd_recovery_succeed", "gd_send_sms_failure", "gd_start_auth", "gd_start_enroll"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s among %v", want, got)
		}
		for _, code := range x.codes("type:" + want) {
			if code != want {
				t.Errorf("type:%s found %s", want, code)
			}
		}
	}
	if n := len(x.codes(`type:s AND client_id:shop`)); n != 2 {
		t.Errorf("%d sign-ins to the shop, want 2", n)
	}
	if n := len(x.codes(`date:[2000-01-01 TO 2001-01-01]`)); n != 0 {
		t.Errorf("%d lines of long ago", n)
	}
	if got := x.admin("read:logs", http.MethodGet, "/logs?q=colour:red", nil); got.status != 400 {
		t.Errorf("an unknown field: %+v", got)
	}

	line := x.admin("read:logs", http.MethodGet, "/users/auth0%7Cada/logs?q=type:gd_auth_failed", nil).body.([]any)[0].(object)
	if line["user_name"] != "ada@example.com" || line["client_name"] != "shop" || line["ip"] != "127.0.0.1" || line["_id"] != line["log_id"] || !strings.HasPrefix(line["user_agent"].(string), "Mozilla/5.0") ||
		!strings.Contains(line["description"].(string), "(otp)") || line["details"].(object)["event"] != "proof.refused" || strings.Contains(line["description"].(string), "000000") {
		t.Errorf("a line: %v", line)
	}
	if got := x.admin("read:logs", http.MethodGet, "/logs/"+line["log_id"].(string), nil); got.object(t)["type"] != "gd_auth_failed" {
		t.Errorf("one line: %+v", got)
	}
	if got := x.admin("read:logs", http.MethodGet, "/logs/evt_none", nil); got.status != 404 {
		t.Errorf("no line: %+v", got)
	}

	x.clock.ahead = time.Minute // what happens just now is not passed on in order yet
	var forward []string
	from := ""
	for range 100 {
		got := x.admin("read:logs", http.MethodGet, "/logs?take=7&fields=log_id,type&from="+from, nil)
		list := got.body.([]any)
		for _, l := range list {
			from = l.(object)["log_id"].(string)
			forward = append(forward, from)
		}
		if len(list) < 7 {
			break
		}
	}
	if !slices.IsSorted(forward) || len(slices.Compact(slices.Clone(forward))) != len(forward) || len(forward) < len(got) {
		t.Errorf("by checkpoint: %v", forward)
	}
}

// TestRow120_Exchanges is a person whose application asks for name and password itself.
func TestRow120_Exchanges(t *testing.T) {
	x := newTenant(t, nil)
	secret := x.client("own", func(c *storage.Client) {
		c.Metadata.GrantTypes = []string{"password", "http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-recovery-code"}
		c.Settings.FirstParty = true
	})
	const password = "correct horse battery staple"
	x.admin("create:users", http.MethodPost, "/users", object{"connection": connection, "email": "ada@example.com", "user_id": "ada", "password": password})
	token := func(form url.Values) object {
		var body object
		x.post("/oauth/token", form, &body, func(r *http.Request) { r.SetBasicAuth("own", secret) })
		return body
	}
	signIn := func(password string) object {
		return token(url.Values{"grant_type": {"password"}, "username": {"ada@example.com"}, "password": {password}, "scope": {"openid"}})
	}
	signIn("wrong")
	signIn(password)
	key := []byte("12345678901234567890")
	x.admin("create:authentication_methods", http.MethodPost, "/users/auth0%7Cada/authentication-methods", object{"type": "totp", "name": "app", "totp_secret": base32.StdEncoding.EncodeToString(key)})
	x.admin("update:mfa_policies", http.MethodPut, "/guardian/policies", []string{"all-applications"})
	grant := func(open, code string) url.Values {
		return url.Values{"grant_type": {"http://auth0.com/oauth/grant-type/mfa-otp"}, "mfa_token": {open}, "otp": {code}}
	}
	open, _ := signIn(password)["mfa_token"].(string)
	token(grant(open, "000000"))
	code, err := totp.GenerateCode(base32.StdEncoding.EncodeToString(key), x.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	if got := token(grant(open, code)); got["id_token"] == nil {
		t.Errorf("%v", got)
	}
	want := []string{"fepft", "sepft", "mfar", "feotpft", "seotpft"}
	got := slices.DeleteFunc(x.codes("client_id:own"), func(code string) bool { return !slices.Contains(want, code) })
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v among %v", got, want, x.codes("client_id:own"))
	}
}

var eventInCode = regexp.MustCompile(`(?:Type:\s*|event\(\w+, |Event\(\w+, \w+, |tell\()"([a-z_]+\.[a-z_]+)"`)

// TestLogCodes is that every type of event in the code has a code by which it is found.
func TestLogCodes(t *testing.T) {
	x := newTenant(t, nil)
	kinds := map[string]bool{}
	for _, room := range []string{"../../cmd/sallyport", "../../flows", "../../provider"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range eventInCode.FindAllStringSubmatch(string(text), -1) {
				kinds[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(kinds) < 40 {
		t.Fatalf("only %d types of events found in the code", len(kinds))
	}
	codes := map[string]string{}
	for kind := range kinds {
		e := &storage.Event{ID: storage.NewID("evt"), Type: kind, UserID: "usr_of_" + kind}
		if err := x.house.db.AddEvents(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		line := x.admin("read:logs", http.MethodGet, "/logs/"+e.ID, nil).object(t)
		codes[kind], _ = line["type"].(string)
		if codes[kind] == "" || line["description"] == "" {
			t.Errorf("%s has no code: %v", kind, line)
		}
		x.clock.ahead += time.Second // spares the limit of calls
	}
	for kind, code := range codes {
		x.clock.ahead += time.Second
		if found := x.codes("type:" + code + ` AND user_id:"usr_of_` + kind + `"`); !slices.Equal(found, []string{code}) {
			t.Errorf("%s: type:%s found %v", kind, code, found)
		}
	}
}

// TestManagementTickets are links that an administrator hands over.
func TestManagementTickets(t *testing.T) {
	x := newTenant(t, nil)
	x.shop()
	got := x.admin("create:users", http.MethodPost, "/users", object{"connection": connection, "email": "ada@example.com", "user_id": "ada", "username": "ada.l"})
	if got.status != 201 || len(x.events("user.verification_mailed")) != 1 {
		t.Fatalf("created: %+v", got)
	}
	do := func(path string, body object) reply {
		t.Helper()
		return x.admin("create:user_tickets update:users", http.MethodPost, path, body)
	}
	const back = "http://127.0.0.1:9/welcome"
	for _, path := range []string{"/tickets/password-change", "/tickets/email-verification", "/jobs/verification-email"} {
		if got := do(path, object{"user_id": "none"}); got.status != 404 {
			t.Errorf("%s of nobody: %+v", path, got)
		}
		if got := do(path, object{"user_id": "auth0|ada", "result_url": "https://evil.example/"}); got.status != 400 {
			t.Errorf("%s that leads elsewhere: %+v", path, got)
		}
		if got := do(path, object{"user_id": "auth0|ada", "organization_id": "org_1"}); got.status != 403 {
			t.Errorf("%s of an organization: %+v", path, got)
		}
	}
	got = do("/tickets/email-verification", object{"user_id": "auth0|ada", "result_url": back})
	link, _ := got.object(t)["ticket"].(string)
	if got.status != 201 || !strings.HasPrefix(link, x.issuer+"verify/") {
		t.Fatalf("a ticket: %+v", got)
	}
	b := newBrowser(t)
	b.get(link)
	verified := func() bool {
		u, err := x.house.db.UserByID(t.Context(), "auth0|ada")
		return err == nil && u.EmailVerified
	}
	if verified() {
		t.Error("looking at the page proved the address")
	}
	b.submit("")
	if !verified() || !strings.Contains(b.body, back) {
		t.Errorf("after the button: %s", b.body)
	}
	got = do("/tickets/password-change", object{"connection_id": "con_default", "email": "ADA@example.com", "result_url": back, "ttl_sec": 60})
	link, _ = got.object(t)["ticket"].(string)
	b = newBrowser(t)
	b.get(link)
	b.fill(map[string]string{"password_new": "correct horse battery staple", "password_again": "correct horse battery staple"}).submit("")
	if !strings.Contains(b.body, back) || len(x.events("password.changed")) != 1 {
		t.Errorf("after the new password: %s", b.body)
	}
	if b.get(link); b.status != http.StatusGone {
		t.Errorf("the link a second time: %d", b.status)
	}
	if got := do("/jobs/verification-email", object{"user_id": "auth0|ada"}); got.status != 201 || got.object(t)["type"] != "verification_email" {
		t.Errorf("a mail: %+v", got)
	}
	if got := do("/tickets/password-change", object{"user_id": "auth0|ada", "mark_email_as_verified": false}); got.status != 403 || got.object(t)["errorCode"] != "operation_not_supported" {
		t.Errorf("a link that does not prove the mailbox: %+v", got)
	}
	if got := do("/tickets/password-change", object{"connection_id": "con_default", "email": "ada.l"}); got.status != 404 {
		t.Errorf("a user name in place of an address: %+v", got)
	}
	link, _ = do("/tickets/password-change", object{"user_id": "auth0|ada"}).object(t)["ticket"].(string)
	if got := x.admin("update:users", http.MethodPatch, "/users/auth0%7Cada", object{"email": "countess@example.com"}); got.status != 200 {
		t.Fatalf("another address: %+v", got)
	}
	if b.get(link); b.status != http.StatusGone || verified() {
		t.Errorf("a link for the address of before: %d", b.status)
	}
}
