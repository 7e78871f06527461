package policy

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

func known(factor string) bool {
	return slices.Contains([]string{factors.OTP, factors.SMS, factors.Roaming}, factor)
}

const whole = `{
  "policy": "adaptive",
  "factors": ["webauthn-roaming", "otp"],
  "interval": "8h",
  "grace": {"for": "14d", "sign_ins": 5},
  "rows": [
    {
      "name": "abroad",
      "when": {"countries": {"not": ["DE", "AT"]}, "continents": "EU", "networks": {"not": "10.0.0.0/8"}},
      "policy": "deny"
    },
    {
      "name": "night",
      "when": {
        "time": {"days": ["fri", "sat"], "from": "18:00", "to": "08:00", "zone": "Europe/Berlin"},
        "roles": ["admin"], "groups": "ops", "scopes": "transfer:funds", "connection": {"not": "corp"}
      },
      "policy": "always", "factors": ["otp"], "interval": "15m"
    }
  ]
}`

func TestParseDocument(t *testing.T) {
	got, err := ParseDocument([]byte(whole), known)
	want := Document{
		Policy: Adaptive, Factors: []string{factors.Roaming, factors.OTP}, Interval: every(8 * hour), Grace: &Grace{For: Duration(14 * 24 * hour), SignIns: 5},
		Rows: []Row{
			{Name: "abroad", When: When{Countries: none("DE", "AT"), Continents: one("EU"), Networks: none("10.0.0.0/8")}, Policy: Refuse},
			{
				Name: "night", Policy: Always, Factors: []string{factors.OTP}, Interval: every(15 * time.Minute),
				When: When{
					Time:  &Times{Days: []string{"fri", "sat"}, From: "18:00", To: "08:00", Zone: "Europe/Berlin"},
					Roles: one("admin"), Groups: one("ops"), Scopes: one("transfer:funds"), Connection: none("corp"),
				},
			},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if empty, err := ParseDocument([]byte(" {} "), nil); err != nil || !reflect.DeepEqual(empty, Document{}) {
		t.Errorf("%+v, %v", empty, err)
	}
}

// What no document may say, with the line and the place that are named.
func TestParseDocumentFaults(t *testing.T) {
	row := func(rest string) string {
		return "{\n\"rows\": [\n{\"name\": \"a\", \"when\": {\"roles\": \"x\"}, \"policy\": \"never\"},\n" + rest + "\n]}"
	}
	when := func(rest string) string {
		return row("{\"name\": \"b\", \"policy\": \"always\", \"when\": {\n" + rest + "}}")
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                {"", "line 1: the text ends too early"},
		"no end":                 {"{\n\"policy\": \"never\"", "line 2: the text ends too early"},
		"no JSON":                {"{\n\"policy\": never}", "line 2: invalid character"},
		"two":                    {"{}\n{}", "line 2: something follows the document"},
		"no object":              {"\n[]", "line 2: is no object"},
		"null":                   {"null", "line 1: null says nothing"},
		"unknown member":         {"{\n\"polcy\": \"never\"}", "line 2: polcy: is unknown; known here: policy, factors,"},
		"another case":           {`{"Policy": "never"}`, "Policy: is unknown"},
		"a name with a new line": {"{\"a\\nb\": 1}", `line 1: "a\nb": is unknown`},
		"unknown in a row":       {row(`{"name": "b", "polcy": "never"}`), "line 4: rows[1].polcy: is unknown; known here: name, when,"},
		"unknown condition":      {when("\n\"country\": \"DE\""), "line 6: rows[1].when.country: is unknown"},
		"unknown in time":        {when(`"time": {"zone": "UTC", "day": "mon"}`), "line 5: rows[1].when.time.day: is unknown"},
		"twice":                  {"{\"policy\": \"never\",\n\"policy\": \"always\"}", "line 2: policy: stands twice"},
		"null member":            {`{"policy": null}`, "policy: null says nothing"},
		"null in a list":         {`{"factors": ["otp", null]}`, "factors[1]: null says nothing"},
		"no text":                {`{"policy": 1}`, "policy: is no text"},
		"no list":                {`{"factors": "otp"}`, "factors: is no list"},
		"no number":              {`{"grace": {"sign_ins": "5"}}`, "grace.sign_ins: is no whole number"},
		"a fraction":             {`{"grace": {"sign_ins": 1.5}}`, "grace.sign_ins: is no whole number"},
		"policy":                 {`{"policy": "sometimes"}`, `policy: "sometimes" is no policy here; write never, always or adaptive`},
		"deny for all":           {`{"policy": "deny"}`, "policy: \"deny\" is no policy here; only rows may deny"},
		"factor":                 {"{\"factors\": [\"otp\",\n\"opt\"]}", `line 2: factors[1]: "opt" is no factor here`},
		"factor twice":           {`{"factors": ["otp", "otp"]}`, "factors[1]: \"otp\" stands twice"},
		"no factors":             {`{"factors": []}`, "factors: is empty"},
		"interval":               {`{"interval": "8 hours"}`, `interval: "8 hours" is no duration`},
		"interval, no text":      {`{"interval": 8}`, "interval: a duration is a text"},
		"negative interval":      {`{"interval": "-8h"}`, `interval: "-8h" is no duration`},
		"negative grace":         {`{"grace": {"for": "-1h"}}`, `grace.for: "-1h" is no duration`},
		"negative sign-ins":      {`{"grace": {"sign_ins": -1}}`, "grace.sign_ins: -1 is negative"},
		"row without a name":     {row(`{"when": {"roles": "x"}, "policy": "never"}`), "line 4: rows[1].name: has no name"},
		"two of a name":          {row(`{"name": "a", "when": {"roles": "x"}, "policy": "never"}`), `line 4: rows[1].name: "a" is the name of rows[0] too`},
		"row without a policy":   {row(`{"name": "b", "when": {"roles": "x"}}`), `rows[1].policy: "" is no policy; write never, always, adaptive or deny`},
		"row's policy":           {row(`{"name": "b", "when": {"roles": "x"}, "policy": "ask"}`), `rows[1].policy: "ask" is no policy`},
		"row's factors":          {row(`{"name": "b", "when": {"roles": "x"}, "policy": "never", "factors": ["opt"]}`), `rows[1].factors[0]: "opt" is no factor`},
		"row without conditions": {row(`{"name": "b", "policy": "never"}`), "line 4: rows[1].when: is empty; give a condition, or say it for everyone by policy"},
		"empty conditions":       {when(""), "rows[1].when: is empty"},
		"network":                {when(`"networks": "10.0.0.0/33"`), `line 5: rows[1].when.networks: "10.0.0.0/33" is no network`},
		"address":                {when(`"networks": {"not": ["10.0.0.0/8", "203.0.113.7"]}`), `rows[1].when.networks: "203.0.113.7" is no network; write 203.0.113.0/24, for one address 203.0.113.7/32`},
		"network in clothes":     {when(`"networks": "::ffff:10.0.0.0/104"`), `is IPv4 in IPv6; write the IPv4 network`},
		"country":                {when(`"countries": ["DE", "Germany"]`), `rows[1].when.countries: "Germany" is no country; write two capital letters`},
		"country, small":         {when(`"countries": "de"`), `"de" is no country`},
		"country, another name":  {when(`"countries": "UK"`), `"UK" is no country; write GB`},
		"continent":              {when(`"continents": "Europe"`), `rows[1].when.continents: "Europe" is no continent`},
		"role":                   {when(`"roles": [" "]`), `rows[1].when.roles: " " is empty`},
		"no values":              {when(`"roles": {"not": []}`), `rows[1].when.roles: names nothing`},
		"set":                    {when(`"roles": {"any": "x"}`), `rows[1].when.roles: "any" is unknown here`},
		"set of numbers":         {when(`"roles": [1]`), `rows[1].when.roles: is no set; write a text, a list of texts`},
		"day":                    {when(`"time": {"days": ["mon", "Tue"], "zone": "UTC"}`), `rows[1].when.time.days[1]: "Tue" is no day`},
		"from":                   {when(`"time": {"from": "24:00", "zone": "UTC"}`), `rows[1].when.time.from: "24:00" is no time to begin`},
		"to":                     {when(`"time": {"to": "8:00", "zone": "UTC"}`), `rows[1].when.time.to: "8:00" is no time`},
		"zone":                   {when("\"time\": {\"to\": \"08:00\",\n\"zone\": \"Berlin\"}"), `line 6: rows[1].when.time.zone: "Berlin" is no time zone; write one as Europe/Berlin or UTC`},
		"no zone":                {when(`"time": {"to": "08:00"}`), `line 5: rows[1].when.time.zone: "" is no time zone`},
		"the machine's zone":     {when(`"time": {"to": "08:00", "zone": "Local"}`), `"Local" is no time zone`},
		"no time":                {when(`"time": {"zone": "UTC"}`), `rows[1].when.time: names no time`},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseDocument([]byte(c.text), known)
			var faults Faults
			if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if !reflect.DeepEqual(d, Document{}) {
				t.Errorf("a document all the same: %+v", d)
			}
		})
	}
	_, err := ParseDocument([]byte("{\"policy\": \"x\",\n\"factors\": [],\n\"rows\": [{}]}"), known)
	if got := strings.Count(err.Error(), "\n") + 1; got != 5 {
		t.Errorf("%d faults, want 5: %v", got, err)
	}
}

// A document that was made in Go is validated as one that was read.
func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		d    Document
		want string
	}{
		"interval": {Document{Interval: every(-hour)}, "interval: -1h0m0s is negative"},
		"grace":    {Document{Grace: &Grace{For: Duration(-24 * hour)}}, "grace.for: -1d is negative"},
		"row":      {Document{Rows: []Row{{Name: "a", When: When{Roles: one("x")}, Policy: Never, Interval: every(-hour)}}}, "rows[0].interval: -1h0m0s is negative"},
	} {
		if err := c.d.Validate(nil); err == nil || err.Error() != c.want+"; write "+map[bool]string{true: "14d", false: "8h"}[name == "grace"] {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Document{Factors: []string{"anything"}}).Validate(nil); err != nil {
		t.Error(err)
	}
}

// Whatever the text is, it is refused or it is a document that can be written, read
// again, and decides.
func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"rows":[{"name":"a","when":{"time":{"to":"24:00","zone":"UTC"}},"policy":"deny"}]}`))
	f.Add([]byte(`{"policy":"always","policy":1,"x":[{}],"grace":null}`))
	f.Add([]byte("{\"rows\":[{\"\\n\":{}}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDocument(text, nil)
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 || faults[0].Line < 1 {
				t.Fatalf("not faults with lines: %v", err)
			}
			return
		}
		first, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseDocument(first, nil)
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(first) {
			t.Fatalf("%s\n%s, %v", first, second, err)
		}
		decision := Decide(person(shown(pwd(second)), client(d), at(Scene{Address: "203.0.113.7"})))
		if d.Policy == Always && len(d.Rows) == 0 && decision.Need == Done {
			t.Fatalf("%s: done with one factor", first)
		}
	})
}
