package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

const introduction = `# What Auth0's SDKs find here

<!-- Written by make test-sdks ARGS=--update. Do not edit. -->

Public SDKs, unmodified, pointed at Sallyport by their domain. Programs of ours call them
(` + "`cmd/sdktest`" + `), and this page is what came of it; ` + "`make test-sdks`" + ` fails where it is no longer true.

- **works**: the call succeeds and gives what the SDK documents.
- **differs**: it succeeds, and what it gives is not what Auth0 gives: so it says how.
- **missing**: it fails, for the reason that is given. Nothing half happens.
- **untried**: it needs something that no test has.

To move an application, give its SDK the host of your issuer as the domain, and the same
client_id, or a new one.
`

// settle compares the rows with the committed table, or writes it.
func settle(rows []Row, update bool) error {
	known, err := versions()
	if err != nil {
		return err
	}
	text := table(rows, known)
	old, err := os.ReadFile(tablePath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if text == string(old) {
		return nil
	}
	if !update {
		return fmt.Errorf("%s says otherwise; where that is right, run make test-sdks ARGS=--update and commit it:\n%s", tablePath, diff(string(old), text))
	}
	fmt.Println("wrote " + tablePath)
	return os.WriteFile(tablePath, []byte(text), 0o644)
}

// table is the page.
func table(rows []Row, known map[string]string) string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n| SDK | version | works | differs | missing | untried |\n|---|---|---|---|---|---|\n")
	for _, s := range sdks {
		own := of(rows, s.name)
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %d | %d | %d | %d |\n", s.name, s.name, known[s.name], count(own, works), count(own, differs), count(own, missing), count(own, untried))
	}
	for _, s := range sdks {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| | works | differs | missing or untried |\n|---|---|---|---|\n", s.name, s.about)
		own := of(rows, s.name)
		for _, topic := range topics(own) {
			some := slices.DeleteFunc(slices.Clone(own), func(r Row) bool { return r.Topic != topic })
			fmt.Fprintf(&b, "| **%s** | %s | %s | %s |\n", topic, cell(some, works), cell(some, differs), cell(some, missing, untried))
		}
	}
	return b.String()
}

func of(rows []Row, sdk string) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.SDK != sdk })
}

func count(rows []Row, outcome string) (n int) {
	for _, r := range rows {
		if r.Outcome == outcome {
			n++
		}
	}
	return n
}

// topics are those of rows, in the order in which they came first.
func topics(rows []Row) (all []string) {
	for _, r := range rows {
		if !slices.Contains(all, r.Topic) {
			all = append(all, r.Topic)
		}
	}
	return all
}

// cell lists the calls with these outcomes, those with the same note together.
func cell(rows []Row, outcomes ...string) string {
	var notes []string
	calls := map[string][]string{}
	for _, r := range rows {
		if !slices.Contains(outcomes, r.Outcome) {
			continue
		}
		if _, ok := calls[r.Note]; !ok {
			notes = append(notes, r.Note)
		}
		calls[r.Note] = append(calls[r.Note], "`"+r.Call+"`")
	}
	var parts []string
	for _, note := range notes {
		part := strings.Join(calls[note], ", ")
		if note != "" {
			part += ": " + note
		}
		parts = append(parts, strings.ReplaceAll(part, "|", "\\|"))
	}
	return strings.Join(parts, "<br>")
}

// diff is the lines that only one of two texts has.
func diff(old, text string) string {
	var b strings.Builder
	before, after := strings.Split(old, "\n"), strings.Split(text, "\n")
	for _, l := range before {
		if !slices.Contains(after, l) {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			b.WriteString("+ " + l + "\n")
		}
	}
	return b.String()
}
