package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
)

// commands are what a visitor tries in a terminal, the most telling ones first.
func (d *demoData) commands() []demo.Command {
	rule := strconv.Quote(demo.RuleName)
	var list []demo.Command
	for _, one := range [][2]string{
		{"Why the last sign-in went as it did", "explain --user " + d.Users[fresh].Username},
		{"Switch on a rule that asks in browsers that nobody knows; then sign in from a private window", "rules enable " + rule},
		{"What the rule says", "rules show " + rule},
		{"The office’s policy, as a document to change and apply again", "policy show --document --client demo-office"},
		{"Ask everybody, everywhere", "policy set always"},
		{"What was written down", "audit list"},
		{"Who there is", "user list"},
		{"Begin anew with ada", "user authenticators remove ada --all"},
	} {
		list = append(list, demo.Command{Purpose: one[0], Line: d.verb(one[1])})
	}
	return list
}

// verb is how the visitor, who started this program, runs one of its verbs on the demo.
func (d *demoData) verb(words string) string {
	program := "sallyport"
	if strings.Contains(os.Args[0], "go-build") { // go run made it
		program = "go run ./cmd/sallyport"
	}
	return program + " " + words + " --config " + d.path("sallyport.yaml")
}
