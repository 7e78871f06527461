package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A Row is what one call of an SDK came to.
type Row struct {
	SDK     string `json:"sdk"`
	Topic   string `json:"topic"` // of the table: authentication, MFA, or a noun of management
	Call    string `json:"call"`  // as one writes it with this SDK
	Outcome string `json:"outcome"`
	Note    string `json:"note,omitempty"` // how it differs, why it is missing, or what went wrong
}

// The outcomes. A program has to say beforehand what it expects: works and differs are
// calls that succeeded with the answer that the program looked for, missing ones have
// to fail, and untried ones need what tests do not have. All else fails, and never becomes part of the table.
const (
	works   = "works"
	differs = "differs"
	missing = "missing"
	untried = "untried"
	fails   = "fails"
)

func (r Row) String() string {
	return strings.TrimRight(fmt.Sprintf("  %-8s %-24s %s  %s", r.Outcome, r.Topic, r.Call, r.Note), " ")
}

// readRows reads the lines that a program printed.
func readRows(sdk string, out []byte) ([]Row, error) {
	var rows []Row
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r Row
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return rows, fmt.Errorf("printed %q, which is no row: %w", lines.Text(), err)
		}
		r.SDK = sdk
		switch r.Outcome {
		case works, differs, missing, untried, fails:
		default:
			return rows, fmt.Errorf("%s: %q is no outcome", r.Call, r.Outcome)
		}
		if seen[r.Topic+" "+r.Call] {
			return rows, fmt.Errorf("%s %s: told twice", r.Topic, r.Call)
		}
		seen[r.Topic+" "+r.Call] = true
		rows = append(rows, r)
	}
	return rows, lines.Err()
}

// tally counts the outcomes in one line.
func tally(rows []Row) string {
	count := map[string]int{}
	for _, r := range rows {
		count[r.Outcome]++
	}
	text := fmt.Sprintf("%d work, %d differ, %d missing", count[works], count[differs], count[missing])
	if count[untried] > 0 {
		text += fmt.Sprintf(", %d untried", count[untried])
	}
	if count[fails] > 0 {
		text += fmt.Sprintf(", %d fail", count[fails])
	}
	return text
}
