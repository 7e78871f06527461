package oidc_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// as is a sign-in of a person who comes from Germany with a browser that nobody knows.
func as(name, client string, pairs ...string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		return k.course(k.browserAt(germany), name, client, pairs...)
	}
}

// from is one from elsewhere.
func from(address, name string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		return k.course(k.browserAt(address), name, "web")
	}
}

// corporate is a sign-in at the house whose register is the corporate one.
func corporate(do func(k *kitchen) string) func(k *kitchen) string {
	return func(k *kitchen) string { return do(k.other) }
}

// twice signs in, and again in the same browser after some time, with the session or
// without it.
func twice(name string, session bool, later time.Duration, client string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		b := k.browserAt(germany)
		first := k.course(b, name, "web")
		if !session {
			b.signOut()
		}
		k.wait(later)
		return first + "; " + k.course(b, name, client)
	}
}

// known has a person sign in where nothing is asked, so that their device and their place
// are known; an hour later they come again, as meanwhile says.
func known(name string, meanwhile func(k *kitchen, b *browser) *browser) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		k.clear()
		k.settings(func(s *storage.Settings) { s.Assess = true })
		b := k.atHome(name)
		k.settings(func(s *storage.Settings) { s.Assess = false }) // the recipe wants to know by itself
		k.deploy()
		return k.course(meanwhile(k, b), name, "web")
	}
}

// remembers signs in with the wish not to be asked in this browser again, and then anew.
func remembers(name string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		b := k.browserAt(germany)
		asked, p := b.asked(k.t, name, "web")
		if !asked {
			k.t.Fatalf("not asked: %s", p.at)
		}
		if !p.has("remember") {
			return "not offered"
		}
		p.press("answer", "code", k.code(k.users[name]), "remember", "1").answer()
		b.signOut()
		return k.course(b, name, "web")
	}
}

// refreshes exchanges a refresh token of a sign-in with a password alone.
func refreshes(k *kitchen) string {
	k.t.Helper()
	k.clear()
	got := k.browser().tokens("grace", k.ask("web", "scope", "openid offline_access"))
	k.deploy()
	again := k.refresh("web", got.text("refresh_token"))
	if again.status != 200 {
		return fmt.Sprint(again.status, " ", again.text("error"))
	}
	return "refreshed"
}

// withPasskey signs in with the lock of a device.
func withPasskey(k *kitchen) string {
	k.t.Helper()
	k.clear()
	b, key := k.browserAt(germany), k.key()
	p := b.begin(k.ask("mfa")).press("answer", "username", "grace", "password", k.users["grace"].password, "platform", "1")
	p = p.press("answer", "code", k.code(k.users["grace"])).says("Sign in faster")
	p.press("answer", "credential", p.create(key)).answer()
	b.signOut()
	k.deploy()
	p = b.begin(k.ask("web"))
	steps, _ := k.walk(p.press("passkey", "credential", p.get(key)), "grace")
	return strings.Join(steps, ", ")
}

// follows signs in with one factor first, because of another script for an action, and
// because of the application for a rule, which sees no more than the session.
func follows(first string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		b := k.browserAt(germany)
		k.prefers = first
		if k.kind == rules.Rule {
			k.clear()
			p := b.begin(k.ask("web", "acr_values", multi)).name(k.house, "linus").press("choose", "factor", first)
			steps, _ := k.walk(p, "linus")
			k.deploy()
			k.wait(time.Minute)
			return strings.Join(steps, ", ") + "; " + k.course(b, "linus", "web")
		}
		k.clear()
		k.action(k.name+", before", `api.authentication.challengeWithAny([{ type: "otp" }, { type: "phone", options: { preferredMethod: "sms" } }])`)
		k.add()
		return k.course(b, "linus", "web")
	}
}

// site sends a person on to the site of recipe 22 and has them come back with what it
// says of them, signed with some secret.
func site(verified bool, secret string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		return k.viaSite(k.browserAt(germany), verified, secret)
	}
}

func (k *kitchen) viaSite(b *browser, verified bool, secret string) string {
	k.t.Helper()
	steps, p := k.walk(b.begin(k.ask("web")), "grace")
	if !slices.Equal(steps, []string{"away"}) {
		return strings.Join(steps, ", ")
	}
	to, err := url.Parse(p.link(k.t, "continue"))
	k.must(err)
	if to.Host != "mfa.example.com" || to.Path != "/start" {
		k.t.Errorf("sent to %s", to)
	}
	state := to.Query().Get("state")
	back := url.Values{"state": {state}}
	if k.kind == rules.Rule {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s", k.users["grace"].ID, state)
		if verified {
			back.Set("proof", state+"."+hex.EncodeToString(mac.Sum(nil)))
		}
	} else {
		back.Set("session_token", k.signed(secret, map[string]any{"sub": k.users["grace"].ID, "state": state, "verified": verified, "exp": k.now().Add(time.Minute).Unix()}))
	}
	more, _ := k.walk(b.get(k.at("/continue?"+back.Encode())), "grace")
	return strings.Join(append(steps, more...), ", ")
}

func twiceViaSite(k *kitchen) string {
	k.t.Helper()
	b := k.browserAt(germany)
	return k.viaSite(b, true, secretOfSite) + "; " + k.viaSite(b, true, secretOfSite)
}

// silently asks for a sign-in without a page, in a session of before.
func silently(k *kitchen) string {
	k.t.Helper()
	k.clear()
	b := k.browserAt(germany)
	b.tokens("grace", k.ask("web"))
	k.deploy()
	steps, _ := k.walk(b.begin(k.ask("web", "prompt", "none")), "grace")
	return strings.Join(steps, ", ")
}

// again signs in twice, with the same session and the same parameters.
func again(name string, pairs ...string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		b := k.browserAt(germany)
		first := pairs
		if pairs[0] == "prompt" {
			first = nil
		}
		return k.course(b, name, "web", first...) + "; " + k.course(b, name, "web", pairs...)
	}
}

// person is a sign-in of who has such metadata.
func person(name, userMetadata, appMetadata string, do func(k *kitchen) string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		k.be(name, func(u *storage.User) {
			u.UserMetadata, u.AppMetadata = json.RawMessage(userMetadata), json.RawMessage(appMetadata)
		})
		return do(k)
	}
}

// member is a sign-in where everybody has a role, and is in a group of that name.
func member(of string, do func(k *kitchen) string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		for name := range k.users {
			k.be(name, func(u *storage.User) {
				u.Roles, u.AppMetadata = []string{of}, json.RawMessage(`{"authorization":{"groups":["`+of+`"]}}`)
			})
		}
		return do(k)
	}
}

// placed is a sign-in of grace, who signed in somewhere before.
func placed(address string, do func(k *kitchen) string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		from(address, "grace")(k)
		return do(k)
	}
}

// failing is a sign-in of grace after one that failed at the second factor.
func failing(address string, do func(k *kitchen) string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		_, p := k.browserAt(address).asked(k.t, "grace", "web")
		p.press("answer", "code", "000000")
		return do(k)
	}
}

// clock is a sign-in on a day, so long after noon.
func clock(day time.Weekday, later time.Duration) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		k.weekday(day)
		k.wait(later)
		return as("grace", "web")(k)
	}
}

// within is a sign-in to an organization that lists factors: who keeps them for a rule,
// their types for an action.
func within(providers, types, name string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		list := map[string]string{rules.Rule: providers, rules.Action: types}[k.kind]
		o := k.organization(strings.ToLower("org"+storage.NewID("x")[2:]), name)
		if list != "" {
			o.Metadata = map[string]string{"factors": list}
			k.must(k.db.UpdateOrganization(k.t.Context(), o))
		}
		return as(name, "web", "organization", o.ID)(k)
	}
}

// both is a sign-in of who has two factors. To a rule those are two where different people
// keep them.
func both(name string) func(k *kitchen) string {
	return func(k *kitchen) string {
		k.t.Helper()
		if k.kind == rules.Rule {
			k.give(k.users[name], factors.Duo)
		}
		return as(name, "web")(k)
	}
}
