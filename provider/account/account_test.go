package account_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
)

const stale = 11 * time.Minute // longer than a proof is fresh

// engines runs a test on each database.
func engines(t *testing.T, test func(t *testing.T, h *house)) {
	for _, engine := range storagetest.Engines {
		t.Run(engine, func(t *testing.T) { test(t, open(t, engine)) })
	}
}

// Row 112: a person sees what the account has, and nothing of anybody else's.
func TestRow112_Overview(t *testing.T) {
	h := open(t, "sqlite")
	ada, eve := h.person("ada"), h.person("eve")
	app, codes := ada.own(factors.OTP, nil), ada.own(factors.RecoveryCode, nil)
	his := eve.own(factors.OTP, nil)
	ada.get("/account").proves().wasAsked("name").is(http.StatusOK, "/account", `data-id="`+app.ID, "10 codes left", "This browser", `data-factor="email"`, "Signed in")
	for _, hidden := range []string{his.ID, codes.ID, "eve"} {
		if strings.Contains(ada.body, hidden) {
			t.Errorf("the page shows %q", hidden)
		}
	}
}

// things are one of each that a person has, with the act that is for it.
func (one *person) things() map[string]string {
	h, ctx := one.h, one.h.t.Context()
	app := one.own(factors.OTP, nil)
	browser := &storage.Browser{ID: storage.NewID("brw"), UserID: one.ID, Key: []byte(storage.NewID("k")), Device: []byte("d"), ExpiresAt: h.now().Add(300 * time.Hour)}
	h.must(h.db.CreateBrowser(ctx, browser))
	session := &storage.Session{UserID: one.ID, Key: []byte(storage.NewID("k")), ExpiresAt: h.now().Add(300 * time.Hour), AuthTime: h.now()}
	h.must(h.db.CreateSession(ctx, session))
	client := &storage.Client{ID: storage.NewID("cli"), Name: "Partner"}
	h.must(h.db.CreateClient(ctx, client))
	h.must(h.db.PutConsent(ctx, &storage.Consent{UserID: one.ID, ClientID: client.ID, Scopes: []string{"openid", "profile"}}))
	mailbox := &factors.Authenticator{ID: storage.NewID("aut"), UserID: one.ID, Factor: factors.Email, Label: "a", ConfirmedAt: h.now(), DisabledAt: h.now()}
	h.must(h.db.CreateAuthenticator(ctx, mailbox))
	return map[string]string{
		"/account/rename/" + app.ID: "authenticator.renamed", "/account/remove/" + app.ID: "authenticator.removed",
		"/account/end/" + session.ID: "session.ended", "/account/forget/" + browser.ID: "browser.revoked", "/account/revoke/" + client.ID: "consent.revoked",
		"/account/enable/" + mailbox.ID: "authenticator.enabled", "/account/forget-all": "browser.revoked", "/account/end-others": "session.ended",
	}
}

// Each act asks for the strongest proof that the account has, once, whatever the policy
// says; a post without one does nothing; what was done is mailed and in the log.
func TestRow112_EveryActUnderFreshProof(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	things := ada.things()
	ada.get("/account").proves().is(http.StatusOK, "/account")
	order := []string{"rename", "enable", "end/", "forget/", "revoke", "forget-all", "end-others", "remove"}
	for _, name := range order {
		for address, event := range things {
			if !strings.HasPrefix(address, "/account/"+name) {
				continue
			}
			h.wait(stale)
			h.mailed()
			before := len(h.events(event))
			ada.direct(address, "name", "Old phone").is(http.StatusOK, "/login/")
			if len(h.events(event)) != before || len(h.mailed()) != 0 {
				t.Fatalf("%s: done without a fresh proof", address)
			}
			ada.get(address).is(http.StatusOK, "/login/").proves().wasAsked("password", "code").is(http.StatusOK, address)
			ada.post("name", "Old phone").is(http.StatusOK, "/account", "notice good")
			if got := h.events(event); len(got) != before+1 || got[0].UserID != ada.ID || got[0].Actor != "user:"+ada.ID || got[0].Address == "" {
				t.Errorf("%s: log %+v", address, got)
			}
			if mails := h.mailed(); len(mails) != 1 || !strings.HasPrefix(mails[0], "ada@example.com: ") {
				t.Errorf("%s: mails %q", address, mails)
			}
			// Fresh still: nothing is asked again, and nothing is done twice.
			ada.get(address).wasAsked()
			if strings.Contains(ada.at.Path, "/login/") {
				t.Errorf("%s: asked again", address)
			}
		}
	}
}

// The pages work by keyboard and without scripts: every act is a link or a form.
func TestActsAreOnThePage(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	things := ada.things()
	ada.get("/account").proves().is(http.StatusOK, "/account", `href="/tenant/account/add"`, `action="/tenant/account/codes"`, `href="/tenant/password"`)
	for address := range things {
		if !strings.Contains(ada.body, `href="/tenant`+address+`"`) {
			t.Errorf("no link to %s", address)
		}
	}
}

// What belongs to somebody else is as if it were not there.
func TestOthersThings(t *testing.T) {
	h := open(t, "sqlite")
	ada, eve := h.person("ada"), h.person("eve")
	things := ada.things()
	eve.get("/account").proves()
	before := len(h.events(""))
	for address := range things {
		if strings.Count(address, "/") < 3 {
			continue
		}
		eve.get(address).is(http.StatusNotFound, address)
		eve.direct(address, "name", "Mine now").is(http.StatusNotFound, address)
	}
	eve.get("/account/remove/aut_unknown").is(http.StatusNotFound, "/account")
	eve.get("/account/remove/"+eve.authenticators(factors.Password)[0].ID).is(http.StatusNotFound, "/account")
	eve.direct("/account/remove/"+eve.authenticators(factors.Password)[0].ID).is(http.StatusNotFound, "/account")
	if after := len(h.events("")); after != before {
		t.Errorf("%d lines of the log, want %d", after, before)
	}
}

// Another site cannot act for the person.
func TestCrossSite(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	things := ada.things()
	ada.get("/account/forget-all").proves().is(http.StatusOK, "/account/forget-all")
	before := len(h.events(""))
	for address := range things {
		ada.send(http.MethodPost, address, formOf([]string{"name", "Theirs"}), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		ada.is(http.StatusForbidden, address)
	}
	ada.send(http.MethodPost, "/account/codes", nil, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example").is(http.StatusForbidden, "/account")
	ada.send(http.MethodPost, "/account/add", formOf([]string{"factor", "otp"}), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example").is(http.StatusForbidden, "/account")
	if after := len(h.events("")); after != before {
		t.Errorf("%d lines of the log, want %d", after, before)
	}
}

// A recovery code lets a person in, but changes nothing of the account.
func TestWeakProofChangesNothing(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	ada.own(factors.RecoveryCode, nil)
	h.policy(policy.Always)
	ada.get("/account/forget-all").post("username", ada.Username, "password", secret).is(http.StatusOK, "/login/")
	for _, act := range []string{"choose", "other"} {
		ada.post("act", act, "factor", factors.RecoveryCode)
		if strings.Contains(ada.body, "recovery code") {
			t.Errorf("%s: a recovery code is on offer:\n%s", act, ada.body)
		}
	}
}

// Row 39: a mailbox is there by itself, can be switched off, and stays off.
func TestRow39_MailboxOff(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	ada.get("/account").proves()
	id := between(ada.body, `data-id="`, `" data-factor="email"`)
	ada.get("/account/remove/"+id).proves().is(http.StatusOK, "/account/remove", "Switch this off?")
	ada.post().is(http.StatusOK, "/account", "switched off", "Switched off by you", "/account/enable/"+id)
	if a := ada.authenticators(factors.Email); len(a) != 1 || a[0].Usable() {
		t.Fatalf("%+v", a)
	}
	ada.get("/account/enable/"+id).post().is(http.StatusOK, "/account", "switched on", "/account/remove/"+id)
	if a := ada.authenticators(factors.Email); len(a) != 1 || !a[0].Usable() {
		t.Fatalf("%+v", a)
	}
}

// between is the last text before end that begins after begin.
func between(s, begin, end string) string {
	s, _, _ = strings.Cut(s, end)
	return s[strings.LastIndex(s, begin)+len(begin):]
}

// The last second factor stays as long as the policy wants one, also where two are
// removed at the same moment.
func TestLastSecondFactor(t *testing.T) {
	engines(t, func(t *testing.T, h *house) {
		h.policy(policy.Always)
		ada := h.person("ada")
		own := []*factors.Authenticator{ada.own(factors.OTP, nil), ada.own(factors.OTP, nil)}
		ada.get("/account/forget-all").proves().is(http.StatusOK, "/account/forget-all")
		var wg sync.WaitGroup
		for _, a := range own {
			wg.Go(func() {
				one := *ada
				one.direct("/account/remove/" + a.ID)
			})
		}
		wg.Wait()
		left := ada.authenticators(factors.OTP)
		if len(left) != 1 {
			t.Fatalf("%d left", len(left))
		}
		ada.get("/account/remove/"+left[0].ID).is(http.StatusOK, "/account/remove", "the only one you have", `id="kept"`)
		if strings.Contains(ada.body, `id="continue"`) {
			t.Error("there is a button to remove it")
		}
		ada.direct("/account/remove/"+left[0].ID).is(http.StatusOK, "/account/remove", "the only one you have")
		h.policy(policy.Never)
		ada.get("/account/remove/"+left[0].ID).post().is(http.StatusOK, "/account", "removed")
		if left := ada.authenticators(factors.OTP); len(left) != 0 {
			t.Errorf("%d left", len(left))
		}
	})
}

// Who has no password keeps one key.
func TestLastWay(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	ada.get("/account/forget-all").proves().is(http.StatusOK, "/account/forget-all")
	key := &factors.Authenticator{ID: storage.NewID("aut"), UserID: ada.ID, Factor: factors.Roaming, Label: "Key", Handle: "h1", Secret: []byte("{}"), ConfirmedAt: h.now()}
	h.must(h.db.CreateAuthenticator(t.Context(), key))
	h.must(h.db.DeleteAuthenticator(t.Context(), ada.authenticators(factors.Password)[0].ID))
	ada.get("/account/remove/"+key.ID).is(http.StatusOK, "/account/remove", "the only way to sign in")
	ada.direct("/account/remove/"+key.ID).is(http.StatusOK, "/account/remove", "the only way to sign in")
	if len(ada.authenticators(factors.Roaming)) != 1 {
		t.Error("removed")
	}
}

// What is linked goes together, remembered browsers ask again, and the page says so.
func TestLinkedGoTogether(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	ada.get("/account/forget-all").proves()
	var pair []*factors.Authenticator
	for range 2 {
		a := ada.own(factors.OTP, nil)
		a.Link = "lnk_1"
		h.must(h.db.UpdateAuthenticator(t.Context(), a))
		pair = append(pair, a)
	}
	h.must(h.db.CreateBrowser(t.Context(), &storage.Browser{ID: "brw_1", UserID: ada.ID, Key: []byte("k"), Device: []byte("d"), ExpiresAt: h.now().Add(time.Hour)}))
	ada.get("/account/remove/"+pair[0].ID).is(http.StatusOK, "/account/remove", pair[1].ID, "belong together")
	ada.post().is(http.StatusOK, "/account")
	if left := ada.authenticators(factors.OTP); len(left) != 1 {
		t.Errorf("%d left", len(left))
	}
	if _, err := h.db.BrowserByID(t.Context(), "brw_1"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the browser is remembered: %v", err)
	}
}

// Adding goes through a sign-in, which proves and sets up.
func TestRow112_Add(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.get("/account/add").proves().is(http.StatusOK, "/account/add", `value="otp"`, `value="webauthn-roaming"`)
	for _, dependent := range []string{"webauthn-platform", "email", "recovery-code", "password"} {
		if strings.Contains(ada.body, `value="`+dependent) {
			t.Errorf("%s is on offer to who has nothing but a password", dependent)
		}
		ada.direct("/account/add", "factor", dependent).is(http.StatusNotFound, "/account/add")
	}
	ada.get("/account/add").post("act", "cancel").is(http.StatusOK, "/account")
	h.wait(stale)
	ada.get("/account/add").wasAsked()
	ada.post("act", "enroll", "factor", "otp").proves().wasAsked("password").is(http.StatusOK, "/login/", "otpauth:")
	// There is a way out.
	ada.post("act", "cancel").is(http.StatusOK, "/account")
	ada.get("/account/add").post("act", "enroll", "factor", "otp").proves().wasAsked("password").is(http.StatusOK, "/login/", "otpauth:")
	h.mailed()
	ada.key = strings.ReplaceAll(between(ada.body, `id="key" dir="ltr" data-text="`, `"><span>`), " ", "")
	ada.post("code", ada.code(ada.key)).is(http.StatusOK, "/login/", `id="codes"`)
	ada.post("act", "done", "saved", "yes").is(http.StatusOK, "/account", "ready to use", "10 codes left")
	if mails := h.mailed(); len(mails) != 1 || !strings.Contains(mails[0], "new way to sign in") {
		t.Errorf("mails %q", mails)
	}
	if len(h.events("authenticator.added")) != 2 { // and the codes
		t.Errorf("log %+v", h.events("authenticator.added"))
	}
	// A second one now asks for the first, once.
	h.wait(stale)
	ada.get("/account/add").post("act", "enroll", "factor", "otp").proves().wasAsked("password", "code").is(http.StatusOK, "/login/", "otpauth:")
}

// Rows 61 and 62: new codes take the place of the old ones, which are as good as wrong.
func TestRow61_62_NewCodes(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	old := ada.own(factors.RecoveryCode, nil)
	ada.get("/account").proves().is(http.StatusOK, "/account", "10 codes left")
	h.wait(stale)
	h.mailed()
	ada.direct("/account/codes").proves().wasAsked("password", "code").is(http.StatusOK, "/login/", "Make new recovery codes?")
	if now := ada.authenticators(factors.RecoveryCode); string(now[0].Secret) != string(old.Secret) {
		t.Fatal("made before anybody said so")
	}
	ada.post("act", "answer").is(http.StatusOK, "/login/", `id="codes"`)
	shown := between(ada.body, `id="codes" dir="ltr" data-text="`, `"><li>`)
	if len(strings.Fields(shown)) != 10 {
		t.Fatalf("codes %q", shown)
	}
	page := ada.at.Path
	ada.post("act", "answer").is(http.StatusOK, "/login/", shown[:19]) // pressed twice: the same ones
	ada.post("act", "done", "saved", "yes").is(http.StatusOK, "/account", "new codes are valid", "10 codes left")
	now := ada.authenticators(factors.RecoveryCode)
	if len(now) != 1 || now[0].ID != old.ID || string(now[0].Secret) == string(old.Secret) {
		t.Errorf("%d sets", len(now))
	}
	if len(h.events("recovery_code.regenerated")) != 1 {
		t.Errorf("log %+v", h.events("recovery_code.regenerated"))
	}
	if mails := h.mailed(); !slices.Equal(mails, []string{"ada@example.com: You have new recovery codes"}) {
		t.Errorf("mails %q", mails)
	}
	// The sign-in that made them is over: nobody sees them again or makes others by it.
	if ada.send(http.MethodGet, page, nil).status != http.StatusGone || ada.post("act", "answer").status != http.StatusGone {
		t.Errorf("%d at %s", ada.status, ada.at)
	}
}

// A name has a length, and is shown as it was typed.
func TestRow52_Nickname(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	key := &factors.Authenticator{ID: storage.NewID("aut"), UserID: ada.ID, Factor: factors.Roaming, Label: "Key", Handle: "h1", Secret: []byte("{}"), ConfirmedAt: h.now()}
	h.must(h.db.CreateAuthenticator(t.Context(), key))
	ada.get("/account/rename/"+key.ID).proves().wasAsked("name", "key", "code").is(http.StatusOK, "/account/rename", `value="Key"`)
	for _, bad := range []string{"", " x ", strings.Repeat("y", 51), "two\nlines"} {
		ada.post("name", bad).is(http.StatusUnprocessableEntity, "/account/rename", "Use 2 to 50 characters", `aria-invalid="true"`)
	}
	ada.post("name", " <b>Blue</b> ").is(http.StatusOK, "/account", "&lt;b&gt;Blue&lt;/b&gt;")
	if got := ada.authenticators(factors.Roaming)[0].Label; got != "<b>Blue</b>" {
		t.Errorf("%q", got)
	}
	codes := ada.own(factors.RecoveryCode, nil)
	ada.get("/account/rename/"+codes.ID).is(http.StatusNotFound, "/account/rename")
	ada.direct("/account/rename/"+codes.ID, "name", "999").is(http.StatusNotFound, "/account/rename")
}

// The pages speak the person's language.
func TestLanguage(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.Locale = "de"
	h.must(h.db.UpdateUser(t.Context(), ada.User))
	ada.own(factors.OTP, nil)
	ada.get("/account").proves().is(http.StatusOK, "/account", `lang="de"`, "Ihr Konto")
	ada.get("/account/forget-all").proves().post().is(http.StatusOK, "/account", "Vergessen")
	if mails := h.mailed(); !slices.Contains(mails, "ada@example.com: Ein gemerkter Browser wurde vergessen") {
		t.Errorf("mails %q", mails)
	}
}

// Signing out elsewhere ends that browser's session at once, and not this one's.
func TestSignOutElsewhere(t *testing.T) {
	h := open(t, "sqlite")
	ada := h.person("ada")
	ada.own(factors.OTP, nil)
	ada.own(factors.OTP, nil)
	other := ada.elsewhere()
	other.get("/account").proves().is(http.StatusOK, "/account")
	ada.get("/account").proves().is(http.StatusOK, "/account", "everywhere else")
	id := between(ada.body, "/account/end/", `">Sign out<span class="sr">`)
	ada.get("/account/end/"+id).proves().wasAsked("code").post().is(http.StatusOK, "/account", "signed out there")
	other.get("/account").is(http.StatusOK, "/login/")
	ada.get("/account").is(http.StatusOK, "/account")
	// It was there a moment ago, and is gone: the same as if it never was.
	ada.direct("/account/end/"+id).is(http.StatusNotFound, "/account/end")
	if n := len(h.events("session.ended")); n != 1 {
		t.Errorf("%d lines of the log", n)
	}
}
