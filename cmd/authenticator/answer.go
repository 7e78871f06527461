package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// An outcome is how a question ended.
type outcome string

const (
	approved   outcome = "approved"
	denied     outcome = "denied"
	reported   outcome = "reported"
	ignored    outcome = "ignored"    // here; it stays open
	mismatched outcome = "mismatched" // the number was another one
	late       outcome = "late"       // it is over, or was answered elsewhere
)

// words say outcomes to people, as the site's own authenticator does.
var words = map[outcome]string{
	approved:   "Approved. You are being signed in.",
	denied:     "Denied. Nobody was signed in.",
	reported:   "Reported. Nobody was signed in. Change your password: somebody knows it.",
	ignored:    "Ignored.",
	mismatched: "That was another number. The page where you sign in asks again.",
	late:       "Too late: that sign-in is over, or asked anew.",
}

// ask shows the open question and, where the answer is known, gives it.
func (w *waiting) ask(ctx context.Context) (bool, error) {
	w.say("%s", w.open)
	switch {
	case w.approve != "":
		return w.answer(ctx, approved, w.approve)
	case w.deny:
		return w.answer(ctx, denied, "")
	case w.report:
		return w.answer(ctx, reported, "")
	case w.lines == nil:
		return false, nobody
	}
	w.prompt()
	return false, nil
}

var nobody = &misuse{"there is nobody to ask: the input has ended", "run it in a terminal, or use --approve, --deny or --report"}

func (w *waiting) prompt() {
	if w.open.Number {
		w.say("The number on the page to approve, n to deny, r for \"this isn't me\", Enter to ignore: ")
		return
	}
	w.say("y to approve, n to deny, r for \"this isn't me\", Enter to ignore: ")
}

// String is what a person recognises their sign-in by.
func (q *asked) String() string {
	var b strings.Builder
	b.WriteString("\nIs that you?\n")
	for _, fact := range [][2]string{
		{"Signs in to", q.Application}, {"As", q.at.String()}, {"With", q.browser()}, {"From", q.Address}, {"At", clock(q.StartedAt)},
	} {
		if fact[1] != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", fact[0], plain(fact[1]))
		}
	}
	return b.String()
}

func (q *asked) browser() string {
	if q.Source == nil {
		return ""
	}
	var parts []string
	for _, p := range []standin.Part{q.Source.Browser, q.Source.System} {
		if text := strings.TrimSpace(p.Name + " " + p.Version); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " · ")
}

// clock is an instant of the site in this computer's time.
func clock(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return at.Local().Format("15:04:05")
}

// read takes a typed line; more is false once the input has ended.
func (w *waiting) read(ctx context.Context, line string, more bool) (bool, error) {
	line = strings.ToLower(strings.TrimSpace(line))
	switch {
	case !more && w.open != nil:
		return false, nobody
	case !more:
		w.lines = nil
	case w.open == nil:
		w.say("Nothing is asked just now.\n")
	case line == "":
		return w.settle(ignored)
	case line == "n":
		return w.answer(ctx, denied, "")
	case line == "r":
		return w.answer(ctx, reported, "")
	case w.open.Number && digits.MatchString(line), !w.open.Number && line == "y":
		return w.answer(ctx, approved, line)
	default:
		w.prompt()
	}
	return false, nil
}

// answer sends what the person said.
func (w *waiting) answer(ctx context.Context, say outcome, number string) (bool, error) {
	a, q := w.open.at, w.open.Question
	var err error
	switch say {
	case approved:
		err = a.Approve(ctx, q, number)
	case denied:
		err = a.Deny(ctx, q, "mistake")
	default:
		err = a.Deny(ctx, q, "hack")
	}
	if err == nil {
		return w.settle(say)
	}
	var refused *standin.Refused
	if errors.As(err, &refused) {
		switch {
		case refused.Code == "invalid_number":
			return w.settle(mismatched)
		case refused.Status == http.StatusNotFound && refused.Code != "", refused.Code == "transaction_expired":
			return w.settle(late)
		}
	}
	err = explain(err, a.Base)
	if w.given() || ctx.Err() != nil {
		return false, err
	}
	w.warn("%v", err) // and it may be answered again
	w.prompt()
	return false, nil
}

// settle ends the open question and reports whether the waiting is over.
func (w *waiting) settle(o outcome) (bool, error) {
	q := w.open
	w.open = nil
	w.settled[q.Token] = true
	if w.json {
		v := q.at.view()
		line := map[string]string{
			"outcome": string(o), "account": v.Account, "issuer": v.Issuer, "application": plain(q.Application),
			"source": plain(q.browser()), "address": plain(q.Address), "started_at": plain(q.StartedAt),
		}
		if err := json.NewEncoder(w.out).Encode(line); err != nil {
			return false, err
		}
	}
	if w.once && (o == mismatched || o == late) {
		return false, errors.New(words[o])
	}
	w.say("%s\n", words[o])
	return w.once, nil
}

// warn says what is not an answer.
func (w *waiting) warn(format string, values ...any) { fmt.Fprintf(w.err, format+"\n", values...) }
