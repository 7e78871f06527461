package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs what an operator types, from testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// The exit status says who has to act.
func TestExitStatus(t *testing.T) {
	p := startDev(t)
	if out, status := runVerb(t, "serve", "--config", p.data+"/nowhere.yaml"); status != statusMisused {
		t.Errorf("without its file: status %d\n%s", status, out)
	}
	for _, c := range []struct {
		want int
		args []string
	}{
		{statusDone, []string{"user", "list"}}, {statusDone, []string{"client", "list", "--json"}},
		{statusMisused, []string{"frobnicate"}}, {statusMisused, []string{"user", "frobnicate"}}, {statusMisused, []string{"user", "show"}},
		{statusMisused, []string{"user", "list", "--frobnicate"}}, {statusMisused, []string{"policy", "set", "sometimes"}},
		{statusMisused, []string{"client", "create", "--name", "x", "--redirect-uri", "http://app.example/"}},
		{statusMisused, []string{"keys", "rotate", "--alg", "none"}}, {statusMisused, []string{"user", "create", "ada", "--generate"}},
		{statusNotFound, []string{"user", "show", "nobody"}}, {statusNotFound, []string{"client", "show", "nobody"}},
		{statusNotFound, []string{"rules", "show", "none"}}, {statusMisused, []string{"rules", "move", "none"}}, {statusMisused, []string{"rules", "run", "nowhere.js", "--user", "nobody"}},
	} {
		args := append(c.args, "--config", p.data+"/sallyport.yaml")
		if out, status := runVerb(t, args...); status != c.want {
			t.Errorf("%v: status %d, want %d\n%s", c.args, status, c.want, out)
		}
	}
}
