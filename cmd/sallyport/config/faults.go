package config

import (
	"fmt"
	"strings"
)

// A Fault is one thing that is wrong, where, and what to do about it.
type Fault struct{ Key, What, Mend string }

func (f Fault) Error() string { return f.Key + ": " + f.What + "; " + f.Mend }

// Faults are all that is wrong, one line each.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Add notes a fault. The mend is a format.
func (f *Faults) Add(key, what, mend string, args ...any) {
	*f = append(*f, Fault{Key: key, What: what, Mend: fmt.Sprintf(mend, args...)})
}

// Err is f as an error, nil where there is no fault.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// A Secret is a setting that is never shown. It may be given as a file: its key with
// _file, its environment variable with _FILE.
type Secret string

// String hides the value from prints and logs.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
