package management

import (
	"fmt"
	"strings"
)

// Codes of RFC 7591 §3.2.2.
const (
	InvalidRedirectURI    = "invalid_redirect_uri"
	InvalidClientMetadata = "invalid_client_metadata"
)

// A Fault is one thing that is wrong with one field, and what to do about it.
type Fault struct {
	Field string // by its name in JSON, "redirect_uris[2]"
	Code  string // InvalidRedirectURI or InvalidClientMetadata; empty where no specification names one
	Why   string
	Mend  string
}

func (f Fault) String() string {
	text := f.Why + "; " + f.Mend
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	return text
}

// Invalid is the error for input with faults: all of them, so that one look mends
// them all.
type Invalid struct{ Faults []Fault }

func (e *Invalid) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// faults collects while a check walks the fields.
type faults []Fault

func (f *faults) add(field, why, mend string, args ...any) {
	*f = append(*f, Fault{Field: field, Code: InvalidClientMetadata, Why: why, Mend: fmt.Sprintf(mend, args...)})
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &Invalid{Faults: *f}
}
