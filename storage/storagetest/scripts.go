package storagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// aScript stores a script of one version, which is live.
func aScript(t testing.TB, db *storage.DB, name, kind string) *storage.Script {
	t.Helper()
	s := &storage.Script{Name: name, Kind: kind, Enabled: true}
	must(t, db.CreateScript(t.Context(), s))
	v := &storage.ScriptVersion{ScriptID: s.ID, Source: "// " + name, By: "admin:cli"}
	must(t, db.AddScriptVersion(t.Context(), v))
	s.Deployed = v.Number
	must(t, db.UpdateScript(t.Context(), s))
	return s
}

func scripts(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	s := &storage.Script{Name: "Größe ? 'x'", Kind: storage.ScriptAction, Secrets: map[string]string{"KEY": "s3cret"}}
	must(t, db.CreateScript(ctx, s))
	if s.Secrets["KEY"] != "s3cret" || s.Version != 1 || s.Position != 1 {
		t.Fatalf("as created: %+v", s)
	}
	got, err := db.ScriptByName(ctx, s.Name)
	must(t, err)
	same(t, got, s)
	want(t, db.CreateScript(ctx, &storage.Script{Name: s.Name, Kind: storage.ScriptRule}), storage.ErrConflict)

	stale := *got
	s.Secrets, s.Enabled, s.Position = nil, true, 7
	must(t, db.UpdateScript(ctx, s))
	want(t, db.UpdateScript(ctx, &stale), storage.ErrConflict)
	if stale.Version != 1 {
		t.Errorf("a refused update left version %d", stale.Version)
	}
	got, err = db.ScriptByName(ctx, s.Name)
	must(t, err)
	same(t, got, s)

	first := &storage.ScriptVersion{ScriptID: s.ID, Source: "one \\ ? 'x'\n", By: "admin:cli"}
	second := &storage.ScriptVersion{ScriptID: s.ID, Source: "two", By: "admin:cli"}
	must(t, errors.Join(db.AddScriptVersion(ctx, first), db.AddScriptVersion(ctx, second)))
	versions, err := db.ScriptVersions(ctx, s.ID)
	must(t, err)
	same(t, versions, []*storage.ScriptVersion{second, first})
	read, err := db.ScriptVersion(ctx, s.ID, 1)
	must(t, err)
	same(t, read, first)
	_, err = db.ScriptVersion(ctx, s.ID, 3)
	want(t, err, storage.ErrNotFound)
	want(t, db.AddScriptVersion(ctx, &storage.ScriptVersion{ScriptID: "scr_none"}), storage.ErrNotFound)

	want(t, db.DeleteScript(ctx, &stale), storage.ErrConflict)
	must(t, db.DeleteScript(ctx, s))
	want(t, db.DeleteScript(ctx, s), storage.ErrConflict)
	_, err = db.ScriptByName(ctx, s.Name)
	want(t, err, storage.ErrNotFound)
	versions, err = db.ScriptVersions(ctx, s.ID)
	must(t, err)
	if len(versions) != 0 {
		t.Errorf("versions outlived their script: %v", versions)
	}
}

func scriptLimits(t *testing.T, db *storage.DB) {
	long := func(n int) string { return strings.Repeat("ü", n) }
	for _, bad := range []storage.Script{
		{Name: "", Kind: "rule"}, {Name: long(141), Kind: "rule"}, {Name: "a\nb", Kind: "rule"}, {Name: " a", Kind: "rule"},
		{Name: "a\xff", Kind: "rule"}, {Name: "a\u202eb", Kind: "rule"}, {Name: "a", Kind: "hook"}, {Name: "a"},
		{Name: "a", Kind: "rule", Secrets: map[string]string{"": "x"}}, {Name: "a", Kind: "rule", Secrets: map[string]string{long(129): "x"}},
		{Name: "a", Kind: "rule", Secrets: map[string]string{"k": long(4097)}},
	} {
		want(t, db.CreateScript(t.Context(), &bad), storage.ErrInvalid)
	}
	most := &storage.Script{Name: long(140), Kind: "rule", Secrets: map[string]string{long(128): long(4096)}}
	must(t, db.CreateScript(t.Context(), most))
	v := &storage.ScriptVersion{ScriptID: most.ID, Source: strings.Repeat("x", 100<<10)}
	must(t, db.AddScriptVersion(t.Context(), v))
	want(t, db.AddScriptVersion(t.Context(), &storage.ScriptVersion{ScriptID: most.ID, Source: v.Source + "x"}), storage.ErrInvalid)
	for i := range 99 {
		most.Secrets[fmt.Sprint(i)] = "x"
	}
	must(t, db.UpdateScript(t.Context(), most))
	most.Secrets["more"] = "x"
	want(t, db.UpdateScript(t.Context(), most), storage.ErrInvalid)
	want(t, db.AddScriptVersion(t.Context(), &storage.ScriptVersion{ScriptID: most.ID, Source: "a\x00b"}), storage.ErrInvalid)
	most.Kind = "hook"
	want(t, db.UpdateScript(t.Context(), most), storage.ErrInvalid)
}

// scriptDrafts: the newest texts stay, and the one that runs however old it is.
func scriptDrafts(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	s, other := aScript(t, db, "a", storage.ScriptRule), aScript(t, db, "b", storage.ScriptRule)
	for i := range storage.MaxDrafts + 3 {
		must(t, db.AddScriptVersion(ctx, &storage.ScriptVersion{ScriptID: s.ID, Source: fmt.Sprint(i)}))
	}
	n, err := db.CountScriptVersions(ctx, s.ID)
	must(t, err)
	last, err := db.ScriptVersionsPage(ctx, s.ID, storage.MaxDrafts-1, 50)
	must(t, err)
	if n != storage.MaxDrafts+1 || len(last) != 2 || last[0].Number != 5 || last[1].Number != 1 {
		t.Errorf("%d are left, the oldest of them %+v", n, last)
	}
	if n, err := db.CountScriptVersions(ctx, other.ID); err != nil || n != 1 {
		t.Errorf("another has %d, %v", n, err)
	}
}

// liveScripts: rules before actions, each kind by position, without drafts and what is
// switched off; own writes are seen at once, and a hit costs no round trip.
func liveScripts(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	seen := func(names ...string) {
		t.Helper()
		live, err := db.CachedScripts(ctx)
		must(t, err)
		got := []string{}
		for _, s := range live {
			got = append(got, s.Name)
			if s.Source != "// "+s.Name {
				t.Errorf("%s has the source %q", s.Name, s.Source)
			}
		}
		if !slices.Equal(got, names) {
			t.Fatalf("live are %v, want %v", got, names)
		}
	}
	seen()
	aScript(t, db, "action", storage.ScriptAction)
	last := aScript(t, db, "z", storage.ScriptRule)
	off := aScript(t, db, "a", storage.ScriptRule)
	seen("z", "a", "action")
	must(t, db.CreateScript(ctx, &storage.Script{Name: "draft", Kind: storage.ScriptRule, Enabled: true}))
	last.Position, last.Secrets = 9, map[string]string{"K": "v"}
	must(t, db.UpdateScript(ctx, last))
	seen("a", "z", "action")

	counted, n := storage.CountQueries(ctx)
	live, err := db.CachedScripts(counted)
	must(t, err)
	if n.Load() != 0 || live[1].Secrets["K"] != "v" {
		t.Errorf("a hit cost %d round trips and has the secrets %v", n.Load(), live[1].Secrets)
	}
	undo := errors.New("undo")
	off.Enabled = false
	err = db.Tx(ctx, func(ctx context.Context) error { return errors.Join(db.UpdateScript(ctx, off), undo) })
	want(t, err, undo)
	seen("a", "z", "action")
	must(t, db.UpdateScript(ctx, off))
	_, err = db.CachedScripts(counted)
	must(t, err)
	if n.Load() != 2 { // the scripts, and what rules share
		t.Errorf("a miss cost %d round trips", n.Load())
	}
	seen("z", "action")
	must(t, db.DeleteScript(ctx, last))
	seen("action")

	// Whoever lost a rule does not go on without it.
	off.Enabled, off.Deployed = true, 5
	must(t, db.UpdateScript(ctx, off))
	if live, err := db.CachedScripts(ctx); err == nil {
		t.Errorf("a version that is not there is left out: %v", live)
	}
}

// configuration is what rules share: sealed, seen by them at once and by no action, and a
// rule's own secrets go first.
func configuration(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	rule, action := aScript(t, db, "rule", storage.ScriptRule), aScript(t, db, "action", storage.ScriptAction)
	seen := func(want map[string]string) {
		t.Helper()
		live, err := db.CachedScripts(ctx)
		must(t, err)
		given, err := db.Given(ctx, rule)
		must(t, err)
		if !maps.Equal(live[0].Secrets, want) || !maps.Equal(given, want) || len(live[1].Secrets) > 0 {
			t.Errorf("the rule has %v and is given %v, the action has %v; want %v", live[0].Secrets, given, live[1].Secrets, want)
		}
		if given, err := db.Given(ctx, action); err != nil || len(given) > 0 {
			t.Errorf("the action is given %v, %v", given, err)
		}
	}
	seen(nil)
	must(t, db.PutConfiguration(ctx, "A", "1"))
	must(t, db.PutConfiguration(ctx, "B", "2"))
	must(t, db.PutConfiguration(ctx, "A", "3"))
	seen(map[string]string{"A": "3", "B": "2"})
	rule.Secrets = map[string]string{"B": "own"}
	must(t, db.UpdateScript(ctx, rule))
	seen(map[string]string{"A": "3", "B": "own"})
	must(t, db.DeleteConfiguration(ctx, "A"))
	want(t, db.DeleteConfiguration(ctx, "A"), storage.ErrNotFound)
	seen(map[string]string{"B": "own"})
	for _, key := range []string{"", "two words", "ü", strings.Repeat("x", 128)} {
		want(t, db.PutConfiguration(ctx, key, "1"), storage.ErrInvalid)
	}
	want(t, db.PutConfiguration(ctx, "A", strings.Repeat("x", 4097)), storage.ErrInvalid)
	if all, err := db.Configuration(ctx); err != nil || !maps.Equal(all, map[string]string{"B": "2"}) {
		t.Errorf("%v, %v", all, err)
	}
	for i := range 99 {
		must(t, db.PutConfiguration(ctx, fmt.Sprint(i), "x"))
	}
	want(t, db.PutConfiguration(ctx, "more", "x"), storage.ErrInvalid)
	must(t, db.PutConfiguration(ctx, "B", "3"))
	if v, err := db.LastScriptVersion(ctx, rule.ID); err != nil || v.Number != 1 {
		t.Errorf("the last text: %+v, %v", v, err)
	}
}

func raceScriptVersions(t *testing.T, db *storage.DB) {
	s := aScript(t, db, "a", storage.ScriptRule)
	parallel(t, crowd, nil, func(ctx context.Context, i int) error {
		return db.AddScriptVersion(ctx, &storage.ScriptVersion{ScriptID: s.ID, Source: fmt.Sprint(i)})
	})
	versions, err := db.ScriptVersions(t.Context(), s.ID)
	must(t, err)
	sources := map[string]bool{}
	for i, v := range versions {
		sources[v.Source] = true
		if v.Number != int64(crowd+1-i) {
			t.Fatalf("place %d has number %d", i, v.Number)
		}
	}
	if len(sources) != crowd+1 {
		t.Errorf("%d texts of %d", len(sources), crowd+1)
	}
}

func raceScript(t *testing.T, db *storage.DB) {
	s := aScript(t, db, "a", storage.ScriptRule)
	one(t, parallel(t, crowd, storage.ErrConflict, func(ctx context.Context, i int) error {
		mine := *s
		mine.Deployed = int64(i)
		return db.UpdateScript(ctx, &mine)
	}))
	one(t, parallel(t, crowd/4, storage.ErrConflict, func(ctx context.Context, _ int) error {
		return db.CreateScript(ctx, &storage.Script{Name: "b", Kind: storage.ScriptRule})
	}))
}
