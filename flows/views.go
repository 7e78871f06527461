package flows

import (
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/themes"
)

// held says that a factor is used no more for a while.
func (e *Engine) held(l *login) *themes.Notice {
	id := noticeHeld
	if len(e.unapproved(l, l.state.Held)) > 0 {
		id = noticeWaitHeld
	}
	return &themes.Notice{Kind: "warn", ID: id, Data: map[string]any{"Until": l.state.HeldUntil}}
}

// secondView asks for the open challenge, or which one to open.
func (e *Engine) secondView(f themes.Frame, l *login, d policy.Decision) themes.View {
	c := l.state.Challenge
	f.CanChooseOther = len(d.Offers) > 1
	if c == nil || l.state.Picking || l.state.Pending != "" || !slices.Contains(d.Offers, c.Factor) {
		f.CanChooseOther = false
		return themes.Picker{Frame: f, Choices: e.choices(l, d.Offers)}
	}
	switch c.Prompt.Kind {
	case factors.PromptPublicKey:
		v := e.keyView(f, l)
		v.Remember = e.remembering(l, d)
		return v
	case factors.PromptRedirect:
		return themes.Vendor{Frame: f, Factor: c.Factor, Location: c.Prompt.Location}
	case factors.PromptWait:
		v := e.waitView(f, l)
		v.Remember = e.remembering(l, d)
		return v
	}
	v := e.codeView(f, l)
	v.Remember = e.remembering(l, d)
	return v
}

// remembering is how long a browser would be remembered after the open question, 0
// where that is not for the person to say.
func (e *Engine) remembering(l *login, d policy.Decision) time.Duration {
	if !e.canRemember(l, d, l.state.Challenge.Factor) {
		return 0
	}
	absolute, _ := l.remembers()
	return absolute
}

// keyView asks for a security key or the device's lock, or sets one up.
func (e *Engine) keyView(f themes.Frame, l *login) themes.PublicKey {
	c := l.state.Challenge
	v := themes.PublicKey{Frame: f, Factor: c.Factor, Options: c.Prompt.Options, Enroll: l.state.Pending != "", Offer: l.state.Offer != ""}
	if a := l.authenticator(l.state.Pending); a != nil && !v.Offer {
		v.Label = a.Label
	}
	if v.Offer {
		v.CanSwitch, v.CanCancel = false, false
	}
	return v
}

// passkey are the options for whoever has a passkey, "" where none is asked for.
func (l *login) passkey() string {
	if l.state.Passkey == nil {
		return ""
	}
	return l.state.Passkey.Prompt.Options
}

// codeView asks for the code of the open challenge, whether it is typed from an app
// or was sent.
func (e *Engine) codeView(f themes.Frame, l *login) themes.Code {
	c := l.state.Challenge
	v := themes.Code{Frame: f, Factor: c.Factor, Digits: c.Prompt.Digits, Destination: c.Prompt.Destination, Enroll: l.state.Pending != ""}
	if l.state.LockedUntil.After(e.now()) {
		v.LockedUntil, v.Notice = l.state.LockedUntil, nil
	}
	v.Instead = e.twins(l)
	if l.state.Message != "" {
		v.CanResend, v.ResendAt, v.Watch = true, l.state.ResendAt, e.watch(l)
	}
	return v
}

// waitView asks the person to answer on their device.
func (e *Engine) waitView(f themes.Frame, l *login) themes.Wait {
	c := l.state.Challenge
	return themes.Wait{
		Frame: f, Factor: c.Factor, Number: c.Prompt.Number, Destination: c.Prompt.Destination, Expired: !e.now().Before(c.ExpiresAt),
		ResendAt: l.state.ResendAt, Instead: e.twins(l), Watch: e.watch(l),
	}
}

// twins are the other ways in which what is asked can answer: a number that takes calls
// too, a phone that shows codes too.
func (e *Engine) twins(l *login) []themes.Choice {
	a := l.authenticator(l.state.Challenge.AuthenticatorID)
	s := l.state.Scripted
	if a == nil || a.Link == "" || s != nil && s.NoCodes && a.Factor == factors.Push {
		return nil
	}
	var list []themes.Choice
	for _, twin := range l.auths {
		if twin.Link == a.Link && twin.ID != a.ID && slices.Contains(e.allowed(l), twin.Factor) {
			list = append(list, themes.Choice{Factor: twin.Factor, Value: twin.Factor + " " + twin.ID})
		}
	}
	return list
}

// enrollView shows what is being set up, or what there is to choose from.
func (e *Engine) enrollView(f themes.Frame, l *login, d policy.Decision) themes.View {
	c, pending := l.state.Challenge, l.authenticator(l.state.Pending)
	f.CanChooseOther, f.CanSkip = len(d.Offers) > 1, d.Skippable
	if e.renews(d) {
		return themes.RenewCodes{Frame: f, Left: len(l.usable(d.Offers[0])) > 0}
	}
	if asking := l.state.Asking; asking != "" && slices.Contains(d.Offers, asking) && !l.state.Picking {
		return themes.EnrollTo{Frame: f, Factor: asking, Field: e.factors.Info(asking).Asks, Value: l.state.Asked}
	}
	if c == nil || pending == nil || l.state.Picking || !slices.Contains(d.Offers, pending.Factor) {
		f.CanChooseOther = false
		return themes.Picker{Frame: f, Enroll: true, Choices: e.choices(l, d.Offers)}
	}
	switch {
	case c.Prompt.Kind == factors.PromptRedirect:
		return themes.Vendor{Frame: f, Factor: c.Factor, Location: c.Prompt.Location}
	case c.Prompt.Kind == factors.PromptPublicKey:
		return e.keyView(f, l)
	case c.Prompt.Kind == factors.PromptWait:
		return themes.EnrollDevice{Frame: f, Factor: c.Factor, URI: c.Prompt.URI, App: themes.App(c.Prompt.App), Watch: e.watch(l)}
	case c.Prompt.URI == "":
		return e.codeView(f, l)
	}
	return themes.EnrollCode{Frame: f, Factor: c.Factor, URI: c.Prompt.URI, Key: c.Prompt.Key, Digits: c.Prompt.Digits, Handheld: l.handheld}
}
