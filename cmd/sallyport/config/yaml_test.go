package config

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONKeepsLines(t *testing.T) {
	text := `# who is asked
policy: always

rows:
  - name: abroad # NO is a country
    when: {countries: {not: [NO, on, "CH"]}}
    policy: deny
  -
    name: "night: shift"
    when:
      time:
        from: 18:00
        days: [mon]
        zone: |
          UTC
grace: {sign_ins: 5, for: 14d, open: true, x: 1.5, none: ~, at: 2026-01-02}
`
	got, err := JSON("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(got, &value); err != nil {
		t.Fatalf("%v in\n%s", err, got)
	}
	flat, _ := json.Marshal(value)
	want := `{"grace":{"at":"2026-01-02","for":"14d","none":null,"open":true,"sign_ins":5,"x":1.5},"policy":"always","rows":[` +
		`{"name":"abroad","policy":"deny","when":{"countries":{"not":["NO","on","CH"]}}},` +
		`{"name":"night: shift","when":{"time":{"days":["mon"],"from":"18:00","zone":"UTC\n"}}}]}`
	if string(flat) != want {
		t.Errorf("got  %s\nwant %s", flat, want)
	}
	lines := strings.Split(string(got), "\n")
	for i, line := range strings.Split(text, "\n") {
		for _, word := range []string{"policy", "name", "countries", "from", "zone", "grace", "mon"} {
			if strings.Contains(line, word) && !strings.Contains(lines[i], `"`+word+`"`) {
				t.Errorf("line %d lacks %s: %s", i+1, word, lines[i])
			}
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "is empty",
		"# nothing":                 "is empty",
		"a: 1\n---\nb: 2":           "several documents",
		"a: 1\nb: [":                "line 2",
		"a: &x [1]\nb: *x":          "line 2: a reference",
		"a: 1\n? [b]\n: 2":          "line 2: a key",
		"a:\n  b: .inf":             "line 2: \".inf\"",
		"a: &x {k: 1}\nb: {<<: *x}": "line 2",
		"\ta: 1":                    "cannot start",
	} {
		got, err := JSON("p.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "p.yaml: ") || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%q: %s, %v; want %q", text, got, err, want)
		}
	}
}

func TestJSONIsLeftAlone(t *testing.T) {
	text := " {\n\t\"a\": 1, \"a\": 2 }\n"
	if got, err := JSON("p.json", []byte(text)); err != nil || string(got) != text {
		t.Errorf("%s, %v", got, err)
	}
}
