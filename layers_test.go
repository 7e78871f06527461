package sallyport_test

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sallyport-id/sallyport/"

// table says which rooms of the house a room may import. The first line that fits a
// room is its line: flows is that room alone, provider/* is whatever is below
// provider. Rooms side by side never import one another.
//
// Tests may also import what those rooms import in turn, the real factors, and the
// suites of what they can see, but nothing above them.
const table = `
cmd/*               → everything
provider/resource   → nothing
provider            → flows storage factors themes
provider/management → flows flows/policy storage factors themes
provider/*          → flows storage factors themes
flows               → flows/policy flows/rules flows/risk storage factors themes
flows/policy        → factors
flows/rules         → nothing
flows/risk          → nothing
storage             → factors
storage/storagetest → storage factors
themes              → nothing
factors             → nothing
factors/standin     → nothing
factors/sms         → factors factors/phone
factors/voice       → factors factors/phone
factors/*           → factors
`

// suites are rooms for tests, and the stand-ins also for the demo and the phone in a
// terminal, with the room that each is about.
var suites = map[string]string{"storage/storagetest": "storage", "factors/factorstest": "factors", "factors/standin": "factors"}

// shared are rooms below factors with what several factors have in common.
var shared = map[string]bool{"factors/phone": true}

// houses are the tests that put a whole provider together, and what they need for that
// beside what their room may have.
var houses = map[string][]string{
	"provider/oidc":    {"provider", "provider/management", "provider/device", "provider/mfaapi"},
	"provider/account": {"provider", "provider/oidc", "provider/management"},
}

// fences are the rooms that may know a library; the others get it through them. With
// tests, the tests of every room may know it too.
var fences = []struct {
	library string
	rooms   string
	tests   bool
	why     string
}{
	{"github.com/ory/fosite", "provider/oidc", false, "it is frozen and its holes are closed in that room"},
	{"github.com/go-jose/go-jose/v3", "provider/oidc", false, "fosite speaks it; everyone else speaks v4"},
	{"github.com/uptrace/bun", "storage", false, "no other room writes SQL"},
	{"github.com/jackc/pgx", "storage storage/storagetest cmd/bench", false, "no other room knows which database there is"},
	{"modernc.org/sqlite", "storage storage/storagetest cmd/bench", false, "no other room knows which database there is"},
	{"filippo.io/age", "provider/management", true, "exports are made and opened in one room"},
	{"github.com/tink-crypto/tink-go", "storage", false, "secrets are sealed where they are stored"},
	{"github.com/dop251/goja", "flows/rules", false, "scripts run in one place, under limits"},
	{"github.com/wneessen/go-mail", "factors/email", false, "one mailer sends codes and notices"},
	{"github.com/osteele/liquid", "themes factors/phone", false, "administrators' templates are filled where texts are made"},
	{"github.com/pquerna/otp", "factors/* cmd/bench cmd/authenticator cmd/sdktest", true, "others only play the person with the app"},
	{"github.com/go-crypt/crypt", "factors/password", false, "no other room hashes passwords"},
	{"github.com/twilio/twilio-go", "factors/phone", false, "a vendor stays with its factors"},
	{"github.com/nyaruka/phonenumbers", "factors/phone", false, "numbers are read in one place"},
	{"github.com/go-webauthn/webauthn", "factors/webauthn", false, "a vendor stays with its factors"},
	{"github.com/duosecurity/duo_universal_golang", "factors/duo", false, "a vendor stays with its factors"},
	{"github.com/mileusna/useragent", "factors/push flows/risk", false, "what a browser is called is said on a phone, and compared with what it was"},
	{"github.com/SherClockHolmes/webpush-go", "factors/push", false, "a vendor stays with its factors"},
	{"google.golang.org/protobuf", "factors/standin", false, "only Google's side of Web Push is written in it"},
	{"github.com/oschwald/maxminddb-golang", "flows/risk", false, "places are found in one room"},
	{"github.com/gaissmai/bart", "flows/risk", false, "networks are judged in one room"},
	{"github.com/sideshow/apns2", "factors/push", false, "a vendor stays with its factors"},
	{"software.sslmate.com/src/go-pkcs12", "factors/push", false, "certificates come in such files from Apple alone"},
	{"golang.org/x/oauth2/google", "factors/push", false, "a vendor stays with its factors"},
	{"github.com/aws", "factors/push", false, "a vendor stays with its factors"},
	{"github.com/nicksnyder/go-i18n", "themes", false, "words are said by pages"},
	{"rsc.io/qr", "themes", false, "pictures are drawn by pages"},
	{"github.com/knadh/koanf", "cmd/sallyport/config", false, "rooms get a struct and do not know where it came from"},
	{"go.yaml.in/yaml", "cmd/sallyport/config", false, "operators write YAML, rooms read JSON"},
	{"github.com/spf13/cobra", "cmd/*", false, "rooms know no command line"},
}

// plain are the rooms with no libraries but these.
var plain = map[string]string{
	"factors":      "",
	"flows/policy": "",
	"flows/rules":  "github.com/dop251/goja github.com/dlclark/regexp2",
	"themes":       "github.com/nicksnyder/go-i18n golang.org/x/text rsc.io/qr github.com/osteele/liquid",
}

// impure is what a pure room may not use of the standard library.
var (
	pure   = []string{"flows/policy"}
	impure = []string{"net", "net/http", "database/sql", "os", "time.Now", "time.Since", "time.Until", "time.Sleep", "time.After"}
)

// badNames say nothing about what is inside.
var badNames = []string{
	"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "base", "types", "impl", "service", "services",
}

// A source is one Go file of the house.
type source struct {
	path, room string // below the root, "" for the root's room
	test       bool
	set        *token.FileSet
	tree       *ast.File
}

func parse(t *testing.T, file string, text any) *source {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	room := path.Dir(filepath.ToSlash(file))
	if room == "." {
		room = ""
	}
	return &source{path: file, room: room, test: strings.HasSuffix(file, "_test.go"), set: set, tree: tree}
}

func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.set.Position(n.Pos()).Line)
}

// house is every file that this build sees.
func house(t *testing.T) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch name := filepath.Base(file); {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		in, err := build.Default.MatchFile(filepath.Dir(file), filepath.Base(file))
		if err == nil && in {
			all = append(all, parse(t, file, nil))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files found: run the test at the root of the module", len(all))
	}
	return all
}

func fits(pattern, room string) bool {
	above, deep := strings.CutSuffix(pattern, "/*")
	return pattern == room || deep && strings.HasPrefix(room, above+"/")
}

// line finds a room's line of the table.
func line(room string) (text string, may []string, ok bool) {
	for text := range strings.Lines(table) {
		pattern, right, _ := strings.Cut(text, "→")
		if text != "\n" && fits(strings.TrimSpace(pattern), room) {
			return strings.Join(strings.Fields(text), " "), strings.Fields(right), true
		}
	}
	return "", nil, false
}

// below are the rooms that room can reach.
func below(room string) []string {
	_, may, _ := line(room)
	reach := slices.Clone(may)
	for _, next := range may {
		reach = append(reach, below(next)...)
	}
	return reach
}

// allowed reports whether a file of room may import another room.
func allowed(room, other string, test bool) bool {
	_, may, _ := line(room)
	if slices.Contains(may, "everything") || slices.Contains(may, other) {
		return true
	}
	if !test {
		return false
	}
	if slices.Contains(houses[room], other) {
		return true
	}
	reach := append(below(room), room)
	if about, ok := suites[other]; ok {
		return slices.Contains(reach, about)
	}
	factor := fits("factors/*", other) && !fits("factors/*", room) && room != "factors" && slices.Contains(reach, "factors")
	return slices.Contains(reach, other) || factor
}

// breaches are the imports of s that break a rule, each as a sentence with the mend.
func breaches(s *source) []string {
	if s.room == "" {
		return nil
	}
	text, _, ok := line(s.room)
	if !ok {
		return []string{fmt.Sprintf("%s: the room %s has no line in the table of layers_test.go: give it one, or move the file into a room that has", s.path, s.room)}
	}
	var found []string
	say := func(n ast.Node, format string, args ...any) {
		found = append(found, s.at(n)+": "+fmt.Sprintf(format, args...))
	}
	for _, i := range s.tree.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			say(i, "%v", err)
			continue
		}
		if other, own := strings.CutPrefix(name, module); own {
			if !allowed(s.room, other, s.test) {
				say(i, "%s may not import %s; its line of the table is %q: ask for what you need by a parameter or an interface of your own, and let cmd hand it in", s.room, other, text)
			}
			continue
		}
		if !strings.Contains(strings.Split(name, "/")[0], ".") {
			if !s.test && slices.Contains(pure, s.room) && slices.Contains(impure, name) {
				say(i, "%s is pure and may not import %s: take what you need as a fact", s.room, name)
			}
			continue
		}
		for _, f := range fences {
			if library(name, f.library) && !slices.ContainsFunc(strings.Fields(f.rooms), func(p string) bool { return fits(p, s.room) }) && (!s.test || !f.tests) {
				say(i, "%s may not import %s, which is for %s alone: %s; call that room instead", s.room, name, f.rooms, f.why)
			}
		}
		libraries, few := plain[s.room]
		if few && !s.test && !slices.ContainsFunc(strings.Fields(libraries), func(l string) bool { return library(name, l) }) {
			say(i, "%s may not import %s; of libraries it has only [%s]: use the standard library, or move the work into the room that calls", s.room, name, libraries)
		}
	}
	if slices.Contains(pure, s.room) && !s.test {
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(impure, x.Name+"."+sel.Sel.Name) {
					say(n, "%s is pure and may not call %s.%s: take the time as a fact", s.room, x.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}

func library(name, prefix string) bool { return name == prefix || strings.HasPrefix(name, prefix+"/") }

func TestImports(t *testing.T) {
	for _, s := range house(t) {
		for _, b := range breaches(s) {
			t.Error(b)
		}
	}
}

// TestImportsCanFail plays breaches, so that a rule that never fires is seen.
func TestImportsCanFail(t *testing.T) {
	for _, play := range []struct{ file, imports, want string }{
		{"flows/x.go", module + "provider/oidc", `x.go:3: flows may not import provider/oidc; its line of the table is "flows →`},
		{"provider/oidc/x.go", module + "provider/management", "may not import provider/management"},
		{"provider/oidc/x.go", module + "provider", "may not import provider;"},
		{"provider/oidc/x.go", module + "flows/policy", "may not import flows/policy"},
		{"provider/resource/x.go", module + "factors", "may not import factors"},
		{"storage/x.go", module + "flows", "may not import flows"},
		{"storage/x.go", module + "storage/storagetest", "may not import storage/storagetest"},
		{"factors/otp/x.go", module + "factors/password", "may not import factors/password"},
		{"factors/otp/x_test.go", module + "factors/password", "may not import factors/password"},
		{"flows/x_test.go", module + "cmd/sallyport/demo", "may not import cmd/sallyport/demo"},
		{"attic/x.go", module + "flows", "the room attic has no line"},
		{"flows/x.go", "github.com/ory/fosite/handler/oauth2", "which is for provider/oidc alone"},
		{"cmd/sallyport/x.go", "github.com/uptrace/bun", "which is for storage alone"},
		{"flows/x.go", "github.com/pquerna/otp/totp", "which is for factors/*"},
		{"provider/oidc/x.go", "golang.org/x/oauth2/google", "which is for factors/push alone"},
		{"factors/x.go", "golang.org/x/text/language", "of libraries it has only []"},
		{"themes/x.go", "github.com/google/uuid", "of libraries it has only [github.com/nicksnyder"},
		{"flows/policy/x.go", "net/http", "is pure and may not import net/http"},

		{"flows/x.go", module + "flows/policy", ""},
		{"flows/x_test.go", module + "factors/otp", ""},
		{"flows/x_test.go", module + "storage/storagetest", ""},
		{"provider/oidc/x_test.go", module + "flows/policy", ""},
		{"factors/otp/x_test.go", module + "factors/factorstest", ""},
		{"storage/x_test.go", module + "storage", ""},
		{"cmd/sallyport/x_test.go", "github.com/pquerna/otp/totp", ""},
		{"flows/x.go", "github.com/ory/fositely", ""},
		{"cmd/sallyport/x.go", "golang.org/x/oauth2", ""},
	} {
		got := strings.Join(breaches(parse(t, play.file, "package x\n\nimport _ "+strconv.Quote(play.imports)+"\n")), "\n")
		if play.want == "" && got != "" || !strings.Contains(got, play.want) {
			t.Errorf("%s imports %s: got %q, want %q", play.file, play.imports, got, play.want)
		}
	}
	clock := breaches(parse(t, "flows/policy/x.go", "package policy\n\nimport \"time\"\n\nvar at = time.Now()\n"))
	if len(clock) != 1 {
		t.Errorf("a clock in a pure room: got %q", clock)
	}
}

func TestPackageDocs(t *testing.T) {
	docs, names := map[string][]string{}, map[string]string{}
	for _, s := range house(t) {
		if s.test {
			continue
		}
		names[s.room] = s.tree.Name.Name
		if s.tree.Doc == nil {
			continue
		}
		docs[s.room] = append(docs[s.room], s.path)
		want := "Package " + s.tree.Name.Name + " "
		if s.tree.Name.Name == "main" {
			want = "Command " + path.Base(s.room) + " "
		}
		if !strings.HasPrefix(s.tree.Doc.Text(), want) {
			t.Errorf("%s: the package's doc has to begin with %q and say what the room owns", s.at(s.tree.Doc), want)
		}
	}
	for room, name := range names {
		switch found := docs[room]; {
		case len(found) == 0:
			t.Errorf("%s: package %s has no doc: say in doc.go what it owns and what it must not know", room, name)
		case len(found) > 1:
			t.Errorf("%s: package %s has %d docs, in %v: keep one", room, name, len(found), found)
		}
	}
}

func TestNames(t *testing.T) {
	for _, s := range house(t) {
		for _, name := range append(strings.Split(s.room, "/"), strings.TrimSuffix(s.tree.Name.Name, "_test")) {
			if slices.Contains(badNames, name) {
				t.Errorf("%s: %q says nothing about what is inside: name the package for the thing that it owns", s.path, name)
			}
		}
	}
}

// TestFactorList: a factor is a folder below factors and its lines of the one list.
func TestFactorList(t *testing.T) {
	const list = "cmd/sallyport/factors.go"
	verbs := map[string]map[string]bool{} // of each folder
	listed := map[string]int{}
	for _, s := range house(t) {
		if fits("factors/*", s.room) && !s.test && suites[s.room] == "" {
			for _, d := range s.tree.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
					if verbs[s.room] == nil {
						verbs[s.room] = map[string]bool{}
					}
					verbs[s.room][f.Name.Name] = true
				}
			}
		}
		if filepath.ToSlash(s.path) == list {
			listed = entries(t, s)
		}
	}
	for room, has := range verbs {
		if has["Enroll"] && has["Challenge"] && has["Verify"] && listed[room] == 0 && !shared[room] {
			t.Errorf("%s is a factor that nobody can use: add its line to factorList in %s", room, list)
		}
	}
	if len(listed) == 0 {
		t.Errorf("%s has no factorList with factors in it: it is the one list of them", list)
	}
}

// entries counts the lines of factorList by the folder that each opens.
func entries(t *testing.T, s *source) map[string]int {
	t.Helper()
	rooms := map[string]string{}
	for _, i := range s.tree.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		rooms[path.Base(name)] = strings.TrimPrefix(name, module)
	}
	counts := map[string]int{}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != "factorList" || len(v.Values) != 1 {
			return true
		}
		lines, ok := v.Values[0].(*ast.CompositeLit)
		if !ok {
			t.Errorf("%s: factorList has to be a literal map, so that it can be read", s.at(v))
			return false
		}
		for _, e := range lines.Elts {
			first, last := s.set.Position(e.Pos()).Line, s.set.Position(e.End()).Line
			if first != last {
				t.Errorf("%s: a factor takes %d lines of factorList: keep its defaults in its folder, and one line here", s.at(e), last-first+1)
			}
			ast.Inspect(e, func(n ast.Node) bool {
				if x, ok := n.(*ast.Ident); ok && fits("factors/*", rooms[x.Name]) {
					counts[rooms[x.Name]]++
				}
				return true
			})
		}
		return false
	})
	return counts
}
