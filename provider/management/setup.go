package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// setupKind is the kind of the documents that keep what administrators set.
const setupKind = "factor"

// setupEvery is how often a provider looks for what another one was set up with.
const setupEvery = 4 * time.Second

// A Setting is one value of a factor's settings.
type Setting struct {
	Value   any
	Secret  bool // never shown
	Changed bool // by an administrator, over the configuration
}

// Text is the value where it is a text, else empty.
func (s Setting) Text() string {
	text, _ := s.Value.(string)
	return text
}

// Keys knows the settings of a factor by their keys in the configuration.
type Keys interface {
	// Over is a copy of c with values over it, nested as in the configuration.
	//
	// Errors: *Invalid.
	Over(c factors.Config, values map[string]any) (factors.Config, error)
	// All are the settings of c by key, "twilio.from".
	All(c factors.Config) map[string]Setting
}

// SetupOptions are what a Setup is made of. All are required.
type SetupOptions struct {
	DB         *storage.DB
	Factors    *factors.Registry         // opened with Configured
	Configured map[string]factors.Config // what the configuration says
	Keys       Keys
	Env        factors.Env // that Factors were opened with
	Logger     *slog.Logger
}

// Setup is how factors are set up: as the configuration says, and over it as
// administrators do while the provider runs, a sealed document a factor. It keeps Factors
// in step with both.
type Setup struct {
	SetupOptions
	mu   sync.Mutex
	runs map[string]running
}

// running is what a factor works with.
type running struct {
	document []byte
	config   factors.Config
}

// NewSetup makes a Setup. Nothing is read before Load.
func NewSetup(o SetupOptions) *Setup {
	s := &Setup{SetupOptions: o, runs: map[string]running{}}
	for name, c := range o.Configured {
		s.runs[name] = running{config: c}
	}
	return s
}

// Watch follows what other processes set until ctx ends.
func (s *Setup) Watch(ctx context.Context) {
	every(ctx, setupEvery, func(ctx context.Context) {
		if err := s.Load(ctx); err != nil && ctx.Err() == nil {
			s.Logger.ErrorContext(ctx, "settings of factors not read", "error", err)
		}
	})
}

// Load sets every factor up as its document says now. Where that cannot be done any more,
// because the configuration has changed below it, the factor is on offer to nobody until
// it is mended; only the password goes on as configured, for somebody has to get in.
func (s *Setup) Load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	documents, err := s.DB.Documents(ctx, setupKind)
	if err != nil {
		return fmt.Errorf("settings of factors: %w", err)
	}
	set := map[string][]byte{}
	for _, d := range documents {
		set[d.Name] = d.Body
	}
	for name := range s.Configured {
		if !bytes.Equal(set[name], s.runs[name].document) {
			s.load(ctx, name, set[name])
		}
	}
	return nil
}

func (s *Setup) load(ctx context.Context, name string, document []byte) {
	c, f, err := s.open(name, document)
	if err == nil {
		s.Factors.Replace(name, f, "")
		s.runs[name] = running{document, c}
		return
	}
	s.Logger.ErrorContext(ctx, "a factor cannot be set up as an administrator has set it; `sallyport factor show` says how that is, `factor reset` takes it back",
		"factor", name, "error", err)
	c = s.Configured[name]
	if f, err = c.Open(s.Env); err != nil { // it was opened with the same before
		s.Logger.ErrorContext(ctx, "a factor cannot be opened as configured", "factor", name, "error", err)
		f = s.Factors.Get(name)
	}
	missing := "a setting that works: see `sallyport factor show " + name + "`"
	if name == factors.Password {
		missing = ""
	}
	s.Factors.Replace(name, f, missing)
	s.runs[name] = running{document, c}
}

// open makes a factor as configured with a document over it.
//
// Errors: *Invalid.
func (s *Setup) open(name string, document []byte) (factors.Config, factors.Factor, error) {
	values, err := read(document)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.Keys.Over(s.Configured[name], values)
	if err != nil {
		return nil, nil, err
	}
	f, err := c.Open(s.Env)
	if err != nil {
		return nil, nil, &Invalid{Faults: FaultsOf("", err)}
	}
	return c, f, nil
}

func read(document []byte) (map[string]any, error) {
	values := map[string]any{}
	if len(document) == 0 {
		return values, nil
	}
	if err := json.Unmarshal(document, &values); err != nil {
		return nil, unwise("", "the stored settings are no JSON", "reset them")
	}
	return values, nil
}

// FaultsOf splits a room's joined errors, each `key: fault: mend` or `key: fault; mend`.
func FaultsOf(prefix string, err error) (f []Fault) {
	if err == nil {
		return nil
	}
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, one := range many.Unwrap() {
			f = append(f, FaultsOf(prefix, one)...)
		}
		return f
	}
	key, rest, _ := strings.Cut(err.Error(), ": ")
	why, mend, ok := strings.Cut(rest, "; ")
	if !ok {
		why, mend, ok = strings.Cut(rest, ": ")
	}
	if !ok {
		mend = "see `sallyport config keys`"
	}
	return []Fault{{Field: prefix + key, Why: why, Mend: mend}}
}

// Settings are those that a factor works with, by key.
func (s *Setup) Settings(name string) map[string]Setting {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.runs[name]
	if now.config == nil {
		return nil
	}
	return s.settings(now)
}

func (s *Setup) settings(now running) map[string]Setting {
	all := s.Keys.All(now.config)
	changed, err := read(now.document)
	if err != nil {
		return all
	}
	for key, one := range all {
		_, one.Changed = lookUp(changed, key)
		all[key] = one
	}
	return all
}
