package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// A Document is what an administrator says of a scope: the tenant, an organization, a
// client. The first row that fits decides; without one, Policy does; where that is "",
// the next scope is asked.
type Document struct {
	Policy string `json:"policy,omitempty"`
	// Factors that may be used, in the order in which they are offered; nil: as the next
	// scope says. A proof by another one does not count for the policy.
	Factors []string `json:"factors,omitempty"`
	// Interval is how long a second factor stands once it was shown, and for at least the
	// sign-in in which it was; nil: as the next scope says, or as long as the session.
	// Where there is one, no remembered browser stands for the factor.
	Interval *Duration `json:"interval,omitempty"`
	// Grace lets people put off setting up their first factor, where this document's
	// policy wants it.
	Grace *Grace `json:"grace,omitempty"`
	Rows  []Row  `json:"rows,omitempty"`
}

// A Row is a policy under conditions. All that When says has to hold.
type Row struct {
	Name     string    `json:"name"`
	When     When      `json:"when"`
	Policy   string    `json:"policy"`
	Factors  []string  `json:"factors,omitempty"`  // nil: as the document says
	Interval *Duration `json:"interval,omitempty"` // likewise
}

// Grace is how long and how often people may put off setting up their first factor. Zero
// fields do not bound it.
type Grace struct {
	For     Duration `json:"for,omitempty"` // since they put it off first
	SignIns int      `json:"sign_ins,omitempty"`
}

// A Fault is one thing that is wrong with a document.
type Fault struct {
	Place string // "rows[2].when.time.zone", "" for the whole
	Line  int    // in the text, from 1; 0 where there is no text
	What  string // "fault; mend"
}

func (f Fault) Error() string {
	text := f.What
	if f.Place != "" {
		text = f.Place + ": " + text
	}
	if f.Line > 0 {
		text = "line " + strconv.Itoa(f.Line) + ": " + text
	}
	return text
}

// Faults are all that is wrong, one line each.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(place, what string, args ...any) {
	*f = append(*f, Fault{Place: place, What: fmt.Sprintf(what, args...)})
}

func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
