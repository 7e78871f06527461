// Package factorstest is what every factor has to pass: the contract of package
// factors, played through. A factor's own tests add what is special about it.
package factorstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// A Subject is a factor with what the suite cannot know of it.
type Subject struct {
	Config factors.Config
	Origin string // of the site, where the factor depends on it
	// Set is the answer that enrols where enrolling needs one (a new password).
	Set factors.Answer
	// Right makes the right answer to asked, at that moment; shown is the challenge of
	// the enrolment.
	Right func(t *testing.T, enrolled *factors.Authenticator, shown, asked *factors.Challenge, now time.Time) factors.Answer
	// Reusable factors take the same answer again (a password).
	Reusable bool
	// Elsewhere factors are answered on a device: Right does that, and nothing that comes
	// from the browser is an answer.
	Elsewhere bool
}

// known are the amr values of RFC 8176 and ours.
var known = []string{"email", "face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "rc", "retina", "sc", "sms", "swk", "tel", "user", "vbm", "wia"}

// Run plays the contract.
func Run(t *testing.T, s Subject) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f, err := s.Config.Open(factors.Env{Issuer: "Sallyport", Origin: s.Origin, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	d, ok := f.(factors.Described)
	if !ok {
		t.Fatal("the factor does not describe itself")
	}
	info := d.Info()
	r := &run{t: t, f: f, s: s, info: info, now: now}
	t.Run("describes itself", r.described)
	t.Run("takes a right answer", r.right)
	t.Run("refuses wrong answers, and then takes the right one", r.wrong)
	t.Run("takes an answer once", r.once)
	t.Run("refuses what is another's", r.foreign)
	t.Run("refuses an old challenge", r.expired)
	t.Run("shows no secret where it asks", r.secretive)
	t.Run("has words in every language", r.words)
}

type run struct {
	t    *testing.T
	f    factors.Factor
	s    Subject
	info factors.Info
	now  time.Time
}

func (r *run) subject(list ...*factors.Authenticator) factors.Subject {
	return factors.Subject{UserID: "usr_1", Username: "anna", Email: "anna@example.com", Issuer: "Sallyport", Now: r.now, SecondFactor: true, Authenticators: list,
		LoginID: "lgn_1", Callback: "https://id.example.com/login/callback", Host: "id.example.com"}
}

// enrolled makes a confirmed authenticator and what enrolling showed. Confirming one
// by a code uses that code up, so time moves on.
func (r *run) enrolled(t *testing.T, id string) (*factors.Authenticator, *factors.Challenge) {
	t.Helper()
	a, shown, err := r.f.Enroll(t.Context(), r.subject(), r.s.Set)
	if err != nil {
		t.Fatal(err)
	}
	a.ID, a.UserID = id, "usr_1"
	if a.ConfirmedAt.IsZero() {
		shown.AuthenticatorID = id
		if _, err := r.f.Verify(t.Context(), r.subject(), a, shown, r.s.Right(t, a, shown, shown, r.now)); err != nil {
			t.Fatalf("the first answer: %v", err)
		}
		a.ConfirmedAt = r.now
		r.now = r.now.Add(5 * time.Minute)
	}
	return a, shown
}

func (r *run) ask(t *testing.T, a *factors.Authenticator) *factors.Challenge {
	t.Helper()
	c, err := r.f.Challenge(t.Context(), r.subject(a), a)
	if err != nil {
		t.Fatal(err)
	}
	if !c.ExpiresAt.After(r.now) {
		t.Fatal("a challenge that has expired at birth")
	}
	return c
}

func (r *run) described(t *testing.T) {
	switch {
	case !r.info.First && !r.info.Second:
		t.Error("is neither a first nor a second factor")
	case r.info.Kinds == 0:
		t.Error("is of no kind")
	case r.info.Dependent && r.info.First && !r.info.Progressive:
		t.Error("depends on another and opens logins")
	}
}

func (r *run) right(t *testing.T) {
	a, shown := r.enrolled(t, "aut_1")
	c := r.ask(t, a)
	p, err := r.f.Verify(t.Context(), r.subject(a), a, c, r.s.Right(t, a, shown, c, r.now))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case p.AuthenticatorID != "aut_1" || p.Factor != a.Factor || !p.At.Equal(r.now):
		t.Errorf("proof %+v", p)
	case p.Kinds&^r.info.Kinds != 0 || p.Traits != r.grade(a):
		t.Errorf("a proof of kinds %b, traits %b; the factor says %b, %b", p.Kinds, p.Traits, r.info.Kinds, r.grade(a))
	case p.Traits&^r.info.Traits != 0:
		t.Errorf("a proof of traits %b is better than the factor says, %b", p.Traits, r.info.Traits)
	case len(p.AMR) == 0 || slices.ContainsFunc(p.AMR, func(v string) bool { return !slices.Contains(known, v) }):
		t.Errorf("amr %v", p.AMR)
	}
}

// grade is what a proof by a has to be.
func (r *run) grade(a *factors.Authenticator) factors.Trait {
	if g, ok := r.f.(factors.Grader); ok {
		return g.Grade(a)
	}
	return r.info.Traits
}

func (r *run) wrong(t *testing.T) {
	a, shown := r.enrolled(t, "aut_1")
	c := r.ask(t, a)
	before := bytes.Clone(a.Secret)
	refused := factors.ErrWrong
	if r.s.Elsewhere {
		refused = factors.ErrPending
	}
	for _, text := range []string{"", " ", "000000", "x", strings.Repeat("9", 10_000), "\x00", "١٢٣٤٥٦", "' OR 1=1 --", string([]byte{0xff, 0xfe})} {
		answer := factors.Answer{"code": text, "password": text}
		if p, err := r.f.Verify(t.Context(), r.subject(a), a, c, answer); !errors.Is(err, refused) || p != nil {
			t.Errorf("%.20q: %v, %v", text, p, err)
		}
	}
	if _, err := r.f.Verify(t.Context(), r.subject(a), a, c, nil); !errors.Is(err, refused) {
		t.Errorf("no answer: %v", err)
	}
	if !bytes.Equal(before, a.Secret) {
		t.Error("a wrong answer changed the secret")
	}
	if _, err := r.f.Verify(t.Context(), r.subject(a), a, c, r.s.Right(t, a, shown, c, r.now)); err != nil {
		t.Errorf("the right answer after wrong ones: %v", err)
	}
}

func (r *run) once(t *testing.T) {
	a, shown := r.enrolled(t, "aut_1")
	c := r.ask(t, a)
	answer := r.s.Right(t, a, shown, c, r.now)
	if _, err := r.f.Verify(t.Context(), r.subject(a), a, c, answer); err != nil {
		t.Fatal(err)
	}
	for what, again := range map[string]*factors.Challenge{"same": c, "next": r.ask(t, a)} {
		if _, err := r.f.Verify(t.Context(), r.subject(a), a, again, answer); r.s.Reusable != (err == nil) {
			t.Errorf("the same answer to the %s challenge: %v", what, err)
		}
	}
}

func (r *run) foreign(t *testing.T) {
	a, shown := r.enrolled(t, "aut_1")
	other, _ := r.enrolled(t, "aut_2")
	answer := r.s.Right(t, a, shown, r.ask(t, a), r.now)
	for name, try := range map[string]func() error{
		"a challenge of another authenticator": func() error {
			_, err := r.f.Verify(t.Context(), r.subject(a), a, r.ask(t, other), answer)
			return err
		},
		"an authenticator of another factor": func() error {
			strange := *a
			strange.Factor = "strange"
			_, err := r.f.Verify(t.Context(), r.subject(a), &strange, nil, answer)
			return err
		},
		"no authenticator": func() error {
			_, err := r.f.Verify(context.Background(), r.subject(), nil, nil, answer)
			return err
		},
	} {
		if err := try(); !errors.Is(err, factors.ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (r *run) expired(t *testing.T) {
	a, shown := r.enrolled(t, "aut_1")
	c := r.ask(t, a)
	answer := r.s.Right(t, a, shown, c, r.now)
	late := r.subject(a)
	late.Now = c.ExpiresAt
	if _, err := r.f.Verify(t.Context(), late, a, c, answer); !errors.Is(err, factors.ErrExpired) {
		t.Errorf("%v", err)
	}
}

func (r *run) secretive(t *testing.T) {
	a, shown := r.enrolled(t, "aut_1")
	b, err := json.Marshal(r.ask(t, a))
	if err != nil {
		t.Fatal(err)
	}
	hidden := []string{string(a.Secret)}
	if shown != nil {
		hidden = append(hidden, append(shown.Prompt.Codes, shown.Prompt.Key)...)
	}
	for _, secret := range hidden {
		if secret != "" && strings.Contains(string(b), secret) {
			t.Errorf("the challenge shows a secret: %s", b)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)

func (r *run) words(t *testing.T) {
	if r.info.Words == nil {
		t.Fatal("no words")
	}
	want := read(t, r.info.Words, "en")
	a, _ := r.enrolled(t, "a-words")
	parts := []string{"name", "hint"}
	if r.info.Enrollable || r.info.Companion {
		parts = append(parts, "setup")
	}
	if r.info.Asks != "" {
		parts = append(parts, "setup", "instead")
	}
	for _, part := range parts {
		if id := "factor." + a.Factor + "." + part; want[id] == "" {
			t.Errorf("there is no %s", id)
		}
	}
	for _, lang := range []string{"de", "es"} {
		got := read(t, r.info.Words, lang)
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s has other words than en", lang)
		}
		for id, text := range got {
			if !slices.Equal(places(text), places(want[id])) {
				t.Errorf("%s: %s names other values than en", lang, id)
			}
		}
	}
}

func places(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func read(t *testing.T, words fs.FS, lang string) map[string]string {
	t.Helper()
	b, err := fs.ReadFile(words, "locales/"+lang+".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for id, text := range raw {
		all[id] = string(text)
	}
	return all
}
