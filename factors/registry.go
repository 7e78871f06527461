package factors

import (
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"sort"
	"sync/atomic"
	"time"
)

// Env is what a factor gets at start.
type Env struct {
	Issuer string // the name shown in authenticator apps
	// Origin is where people use the site, "https://id.example.com"; empty where nobody
	// does, as on the command line.
	Origin string
	Now    func() time.Time
	Logger *slog.Logger
}

// A Config is a factor's settings, decoded from `factors.<name>` of the
// configuration, with its defaults already in place.
type Config interface {
	// Open checks the settings and makes the factor. An error names the key and the
	// mend.
	Open(Env) (Factor, error)
}

// An Info says how a factor takes part in decisions. It is part of the list in
// cmd/sallyport/factors.go only through Config.
type Info struct {
	// First is true for factors that can open a login (password, passkey).
	First bool
	// Second is true for factors that can be asked after the first.
	Second bool
	// Dependent factors (recovery codes, e-mail) need an independent factor enabled
	// beside them and are never the first one enrolled.
	Dependent bool
	// Enrollable is true where a person may enrol it during a sign-in.
	Enrollable bool
	// Companion is enrolled together with the first independent second factor
	// (recovery codes).
	Companion bool
	// Sends is true where Challenge has an effect outside: it sends a message or calls
	// a vendor. Such a challenge is made only when the person did something for it.
	Sends bool
	// Rate is how often it may do so for one person.
	Rate Rate
	// Unapproved is how many of its questions may stay without the person's approval
	// (Receiver): each gives its place back when it is approved. So nobody is worn down
	// until they approve.
	Unapproved Rate
	// Exclusive factors are offered only where no other second factor is enabled.
	Exclusive bool
	// Progressive factors are set up in passing, after another one was shown.
	Progressive bool
	// Asks names the field that Enroll wants ("phone_number", "email"); empty: none.
	Asks string
	// Missing says which setting the factor lacks to work; empty: none. Until it is
	// given the factor is on offer to nobody.
	Missing string
	// Kinds and Traits are the best that a proof of this factor can be.
	Kinds  Kind
	Traits Trait
	// Order is the default place in offers, smallest first.
	Order int
	// Words holds <lang>.json message files of the factor's own words, or nil.
	Words fs.FS
}

// A Rate allows Burst at once and one more each Period.
type Rate struct {
	Burst  int           `doc:"this many at once"`
	Period time.Duration `doc:"and one more after each"`
}

// Check reports a rate that is out of range.
func (r Rate) Check() error {
	const longest = 30 * 24 * time.Hour
	switch {
	case r.Burst < 1 || r.Burst > 10_000:
		return fmt.Errorf("burst: %d is out of range: use 1 to 10000", r.Burst)
	case r.Period < time.Millisecond || r.Period > longest:
		return fmt.Errorf("period: %s is out of range: use 1ms to %s", r.Period, longest)
	}
	return nil
}

// Described is implemented by every Factor to say how it takes part.
type Described interface{ Info() Info }

// A Grader is a factor whose authenticators differ in how good a proof they can give.
type Grader interface {
	// Grade is the traits that a proof by a, which is confirmed, has at best.
	Grade(a *Authenticator) Trait
}

// A Registry holds the factors that were opened, by name. It is safe for concurrent use:
// a factor may be replaced while logins run, and they read the one or the other.
type Registry struct {
	held atomic.Pointer[map[string]opened]
}

type opened struct {
	factor Factor
	info   Info
}

// Open opens every factor of list with env.
func Open(env Env, list map[string]Config) (*Registry, error) {
	all := make(map[string]opened, len(list))
	for name, config := range list {
		f, err := config.Open(env)
		if err != nil {
			return nil, fmt.Errorf("factors.%s: %w", name, err)
		}
		all[name] = opened{f, InfoOf(f)}
	}
	r := &Registry{}
	r.held.Store(&all)
	return r, nil
}

// InfoOf is what f says of itself.
func InfoOf(f Factor) Info {
	if d, ok := f.(Described); ok {
		return d.Info()
	}
	return Info{}
}

// Replace puts f, which was opened with other settings, in the place of the factor called
// name. Where missing is not empty, that is what it lacks to work, whatever it says of
// itself. Nothing happens where there is no factor of that name: the list of them is
// fixed.
func (r *Registry) Replace(name string, f Factor, missing string) {
	for {
		old := r.held.Load()
		if old == nil || (*old)[name].factor == nil {
			return
		}
		fresh := maps.Clone(*old)
		one := opened{f, InfoOf(f)}
		if missing != "" {
			one.info.Missing = missing
		}
		fresh[name] = one
		if r.held.CompareAndSwap(old, &fresh) {
			return
		}
	}
}

func (r *Registry) all() map[string]opened {
	if held := r.held.Load(); held != nil {
		return *held
	}
	return nil
}

// Get returns the factor called name, or nil.
func (r *Registry) Get(name string) Factor { return r.all()[name].factor }

// Info returns what the factor called name said of itself.
func (r *Registry) Info(name string) Info { return r.all()[name].info }

// Grade is the traits that a proof by a has at best.
func (r *Registry) Grade(a *Authenticator) Trait {
	one := r.all()[a.Factor]
	if g, ok := one.factor.(Grader); ok {
		return g.Grade(a)
	}
	return one.info.Traits
}

// Names lists all factors by default order, then name.
func (r *Registry) Names() []string {
	all := r.all()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := all[names[i]].info, all[names[j]].info
		if a.Order != b.Order {
			return a.Order < b.Order
		}
		return names[i] < names[j]
	})
	return names
}
