package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// other is a number that the page does not show.
func other(number string) string {
	if number == "10" {
		return "11"
	}
	return "10"
}

// A script's phone against the real provider: set up, approve, another number, deny,
// report, a code instead, removed.
func TestScripted(t *testing.T) {
	s, d := startSite(t), newDevice(t)
	b := s.browser("ada")
	address := b.picture()
	r := d.does(statusDone, "answers for ada at Sallyport", "enroll", address, "--name", "Ada’s terminal")
	d.does(statusFailed, "another device was set up", "enroll", address)
	d.does(statusNotFound, "nothing was asked", "wait", "--once", "--timeout", "1s")
	if b.post("act", "answer").says("Save your recovery codes").post("act", "done", "saved", "1"); !slices.Contains(b.amr(), "swk") {
		t.Errorf("amr %v", b.amr())
	}
	d.does(statusFailed, "has expired or was used", "enroll", address)
	list := d.does(statusDone, "Ada’s terminal", "list")
	secrets(t, d, r.out+r.err+list.out)

	b = s.browser("ada").signIn().says("Answer on your phone")
	var line map[string]string
	d.json(&line, "wait", "--approve", b.number(), "--timeout", "20s")
	if line["outcome"] != "approved" || line["account"] != "ada" || line["application"] != "Demo bank" || line["address"] != "127.0.0.1" ||
		!strings.Contains(line["source"], "Firefox 140.0 · Linux") || line["started_at"] == "" {
		t.Errorf("%v", line)
	}
	if b.post("act", "answer"); !slices.Contains(b.amr(), "swk") {
		t.Error("approved, and the token does not say so")
	}

	b.signIn().says("Answer on your phone")
	d.does(statusFailed, "That was another number", "wait", "--approve", other(b.number()), "--timeout", "20s")
	b.reload().says("another one").post("act", "choose", "factor", "push").says("Answer on your phone")
	d.does(statusDone, "Denied", "wait", "--deny", "--timeout", "20s")
	b.reload().says("You said no").post("act", "choose", "factor", "push").says("Answer on your phone")
	d.does(statusDone, "Reported", "wait", "--report", "--timeout", "20s")
	b.reload().says("this isn’t you")

	var codes []shown
	d.json(&codes, "code", "ada")
	if len(codes) != 1 || codes[0].Left < 1 || codes[0].Left > 30 {
		t.Fatalf("%+v", codes)
	}
	b.post("act", "choose", "factor", b.find("code instead", `name="factor" value="(otp[^"]*)"`)).says("Enter your code")
	if b.post("act", "answer", "code", codes[0].Code); !slices.Contains(b.amr(), "otp") {
		t.Error("the code was taken, and the token does not say so")
	}
	forgotten(t, d)
}

// secrets checks that what was printed has nothing that only the device may know.
func secrets(t *testing.T, d *device, printed string) {
	t.Helper()
	a := d.kept()[0]
	raw, err := json.Marshal(a.Key)
	if err != nil {
		t.Fatal(err)
	}
	var key map[string]string
	if err := json.Unmarshal(raw, &key); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(d.store)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"key": key["d"], "credential": a.Credential, "key of the codes": a.Secret} {
		if len(secret) < 16 || !strings.Contains(string(file), secret) {
			t.Errorf("the store has no %s", name)
		}
		if strings.Contains(printed, secret) {
			t.Errorf("the %s was printed:\n%s", name, printed)
		}
	}
	for _, path := range []string{d.store, filepath.Dir(d.store)} {
		if about, err := os.Stat(path); err != nil || about.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, about.Mode(), err)
		}
	}
}

// forgotten removes the one account of d, and then what is left of it in a copy.
func forgotten(t *testing.T, d *device) {
	t.Helper()
	was := newDevice(t)
	b, err := os.ReadFile(d.store)
	if err == nil {
		err = os.Mkdir(filepath.Dir(was.store), 0o700)
	}
	if err == nil {
		err = os.WriteFile(was.store, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.does(statusMisused, "add --yes", "remove", "ada")
	if r := d.run("no\n", "remove", "ada"); r.status != statusMisused || len(d.kept()) != 1 {
		t.Errorf("not confirmed, and yet: %+v", r)
	}
	if r := d.run("yes\n", "remove", "ada"); r.status != statusDone || len(d.kept()) != 0 {
		t.Errorf("confirmed: %+v", r)
	}
	d.does(statusNotFound, "no account", "remove", "ada", "--yes")
	d.does(statusNotFound, "not set up", "code")
	was.does(statusFailed, "set it up anew", "wait", "--timeout", "20s")
	was.does(statusDone, "forgotten this device already", "remove", "ada", "--yes")
	if len(was.kept()) != 0 {
		t.Error("the site has forgotten the device, and the device not the site")
	}
}

// A person's phone: what is typed, and when.
func TestTyped(t *testing.T) {
	s, d := startSite(t), newDevice(t)
	b := s.browser("alan")
	b.enroll(d)
	p := start(t, d.command("wait"))
	p.says("Waiting.")
	p.types("n")
	p.says("Nothing is asked just now.")

	b.signIn()
	for _, fact := range []string{"Is that you?", "Demo bank", "alan at Sallyport", "Firefox 140.0 · Linux", "127.0.0.1", "to approve"} {
		p.says(fact)
	}
	p.types("yes")
	p.says("to approve")
	p.types(b.number())
	p.says("Approved.")
	if b.post("act", "answer"); b.landed == nil {
		t.Errorf("approved, and not signed in: %s", b.at)
	}

	// Another sign-in takes the place of the question. Its browser has a name that
	// would clear a terminal and turn the text around.
	first := s.browser("alan").signIn().says("Answer on your phone")
	p.says("to approve")
	mallory := s.browser("alan")
	mallory.agent = "\u009b2J\u202eevil/1.0 (X11; Linux x86_64)"
	mallory.signIn().says("Answer on your phone")
	p.says("Too late")
	p.says("Is that you?")
	p.says("evil")
	p.says("to approve")
	p.types("n")
	p.says("Denied.")
	mallory.reload().says("You said no")
	first.reload().says("asked about another sign-in")
	first.post("act", "choose", "factor", "push").says("Answer on your phone")
	p.says("to approve")
	p.types("")
	p.says("Ignored.")
	first.reload().says("Answer on your phone") // and it is still open there
	p.stop()
	for _, r := range p.output.String() {
		if !unicode.IsPrint(r) && r != '\n' {
			t.Errorf("%q reaches the terminal", r)
		}
	}
	if r := d.run("", "wait", "--once"); r.status != statusMisused || !strings.Contains(r.err, "nobody to ask") {
		t.Errorf("without anybody to ask: %+v", r)
	}
}

// Two accounts in one store; the site goes away and comes back.
func TestSeveral(t *testing.T) {
	s, d := startSite(t), newDevice(t)
	s.browser("ada").enroll(d)
	alan := s.browser("alan").enroll(d)
	var codes []shown
	if d.json(&codes, "code"); len(codes) != 2 {
		t.Errorf("%+v", codes)
	}
	p := start(t, d.command("wait", "--once"))
	p.says("Waiting.")
	s.stop()
	p.says("cannot be reached")
	d.does(statusFailed, "cannot be reached", "remove", alan.ID, "--yes")
	if len(d.kept()) != 2 {
		t.Error("removed here, and not at the site")
	}
	s.start(t)
	b := s.browser("alan").signIn()
	p.says("answers again")
	p.says("alan at Sallyport")
	p.ends(func() { p.types(b.number()) })
	p.says("Approved.")
	if b.post("act", "answer"); b.landed == nil {
		t.Errorf("approved, and not signed in: %s", b.at)
	}
	b.signIn()
	d.does(statusNotFound, "nothing was asked", "wait", "ada", "--deny", "--timeout", "1s")
	d.does(statusDone, "Denied", "wait", "Sallyport:alan", "--deny", "--timeout", "20s")
	d.does(statusDone, "Removed alan", "remove", alan.ID, "--yes")
	if all := d.kept(); len(all) != 1 || all[0].Account != "ada" {
		t.Errorf("%d left", len(all))
	}
}

// A device whose signatures are refused is refused ever longer.
func TestRefused(t *testing.T) {
	s, d := startSite(t), newDevice(t)
	s.browser("ada").enroll(d)
	err := store{d.store}.change(func(all []*account) ([]*account, error) {
		all[0].Identifier = "another"
		return all, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.browser("ada").signIn().says("Answer on your phone")
	for range 30 {
		r := d.run("", "wait", "--approve", "42", "--timeout", "20s")
		if r.status != statusFailed {
			t.Fatalf("%+v", r)
		}
		if strings.Contains(r.err, "wants to be left alone for") {
			return
		}
		if !strings.Contains(r.err, "does not take this device's signature") {
			t.Fatalf("%+v", r)
		}
	}
	t.Error("guesses are not limited")
}
