package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where people sign in from.
const (
	office  = "10.49.0.7" // in Berlin
	berlin  = "203.0.113.7"
	paris   = "198.51.100.7"
	newYork = "192.0.2.7"
)

// A contextCase is a script that looks at one thing about a sign-in, and sign-ins that
// differ in it alone.
type contextCase struct {
	recipe string // file without its ending
	visits []visit
}

// A visit is one sign-in.
type visit struct {
	from  string
	who   string // one of several people, "" the only one
	other bool   // in a browser that they never used
	asked bool   // for a second factor
}

const recipes = "../../flows/rules/testdata/recipes/"

// The recipe for a rule knows a device by name and address, that for an action by its mark:
// the one asks at the first sign-in too, the other takes that for what it is.
var contextCases = map[string]map[string]contextCase{
	"geo-fence":   same(recipes+"04-continent", visit{from: paris}, visit{from: newYork, asked: true}),
	"network":     same(recipes+"03-network", visit{from: office}, visit{from: berlin, asked: true}),
	"time of day": same("testdata/context/time-of-day", visit{from: berlin, who: "-at-work"}, visit{from: berlin, who: "-at-night", asked: true}),
	"weekday":     same("testdata/context/weekday", visit{from: berlin, who: "-at-work"}, visit{from: berlin, who: "-on-leave", asked: true}),
	"new device": {
		"rule":   {recipes + "06-device-changed", []visit{{from: berlin, asked: true}, {from: berlin}, {from: paris, other: true, asked: true}}},
		"action": {recipes + "06-device-changed", []visit{{from: berlin}, {from: berlin}, {from: berlin, other: true, asked: true}}},
	},
	"country change": same(recipes+"05-country-changed", visit{from: berlin, asked: true}, visit{from: berlin}, visit{from: paris, asked: true}, visit{from: paris}),
}

// same is a recipe whose rule and action agree.
func same(recipe string, visits ...visit) map[string]contextCase {
	c := contextCase{recipe, visits}
	return map[string]contextCase{"rule": c, "action": c}
}

// TestContexts: the recipes that look at where, when and with what somebody signs in, in a
// real browser, with the clock of this machine and a proxy that says where it is.
func TestContexts(t *testing.T) {
	shop := openShop(t)
	shop.importPeople()
	for name, kinds := range contextCases {
		for kind, c := range kinds {
			client := idOf(name, kind)
			shop.register(client)
			shop.deploy(name+" "+kind, kind, client, c.recipe+"."+kind+".js")
		}
	}
	for i, name := range slices.Sorted(maps.Keys(contextCases)) {
		for kind, c := range contextCases[name] {
			if testing.Short() && (kind == "rule") == (i%2 == 0) {
				continue // make sweep plays both kinds of each
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				client := idOf(name, kind)
				home, phones := shop.profile(t), map[string]*phone{}
				for i, v := range c.visits {
					b, who := home, client+v.who
					if v.other {
						b = shop.profile(t)
					}
					if phones[who] == nil {
						phones[who] = &phone{t: t, secret: contextSecret}
					}
					shop.comes(b.at(v.from), client, who, phones[who], v.asked)
					if t.Failed() {
						t.Fatalf("visit %d: %+v", i+1, v)
					}
					shop.explains(t, who, name+" "+kind, v.asked)
					if i+1 < len(c.visits) {
						b.open(shop.issuer+"oidc/logout").click("#logout-yes").says("#title", "signed out")
					}
				}
			})
		}
	}
}

func idOf(name, kind string) string { return strings.ReplaceAll(name, " ", "-") + "-" + kind }

const contextSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// importPeople makes those of the cases. An hour and a day may end while the test runs.
// The metadata of most of them is null, as other registers export it.
func (s *shop) importPeople() {
	s.t.Helper()
	now := time.Now().UTC()
	hour, day := now.Hour(), int(now.Weekday())
	metadata := map[string]map[string][]int{
		"-at-work":  {"hours": {hour, (hour + 1) % 24}, "days": {day, (day + 1) % 7}},
		"-at-night": {"hours": {(hour + 12) % 24}},
		"-on-leave": {"days": {(day + 3) % 7}},
	}
	var lines []byte
	for name, kinds := range contextCases {
		for kind, c := range kinds {
			seen := map[string]bool{}
			for _, v := range c.visits {
				if seen[v.who] {
					continue
				}
				seen[v.who] = true
				line, err := json.Marshal(map[string]any{
					"username": idOf(name, kind) + v.who, "password_hash": crashHash, "totp_secret": contextSecret, "app_metadata": metadata[v.who],
				})
				if err != nil {
					s.t.Fatal(err)
				}
				lines = append(append(lines, line...), '\n')
			}
		}
	}
	s.run("user", "import", s.file("people.jsonl", lines))
}

var entrance = regexp.MustCompile(`(?s)^(.*?callback\) \{|.*exports\.onExecutePostLogin = async \(event, api\) => \{)`)

// deploy stores a script as its file has it, but for one application: the others have
// theirs at the same time.
func (s *shop) deploy(name, kind, client, path string) {
	s.t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	only := fmt.Sprintf("\n  if (context.clientID !== %q) { return callback(null, user, context); }", client)
	if kind == "action" {
		only = fmt.Sprintf("\n  if (event.client.client_id !== %q) { return; }", client)
	}
	if !entrance.Match(source) {
		s.t.Fatalf("%s: no entrance", path)
	}
	guarded := entrance.ReplaceAll(source, append([]byte("$1"), strings.ReplaceAll(only, "$", "$$")...))
	s.run("rules", "put", name, s.file(filepath.Base(path), guarded))
	if strings.Contains(string(source), "CORPORATE_NETWORK") {
		s.run("rules", "secret", name, "CORPORATE_NETWORK", "--value-file", s.file("network", []byte("10.0.0.0/8")))
	}
}

// explains checks what an administrator is told of somebody's latest sign-in.
func (s *shop) explains(t *testing.T, who, script string, asked bool) {
	t.Helper()
	var e explanation
	if err := json.Unmarshal([]byte(s.run("explain", "--user", who, "--json")), &e); err != nil {
		t.Fatal(err)
	}
	if named := strings.Contains(e.Decided, script); named != asked || e.Outcome != "done" {
		t.Errorf("explained by %q, which came to %s; asked: %v", e.Decided, e.Outcome, asked)
	}
}
