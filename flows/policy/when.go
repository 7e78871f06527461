package policy

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// When are the conditions of a row. Empty fields say nothing; those that are set have
// all to hold.
//
// What is unknown (Scene) fits no condition that names values. Under not, it fits where
// the row is a strict one and only there: "not in the office" asks who cannot be placed,
// and lets nobody in whom the office's row would have to know.
type When struct {
	Networks   Set `json:"networks,omitzero"`   // CIDR
	Countries  Set `json:"countries,omitzero"`  // as DE
	Continents Set `json:"continents,omitzero"` // as EU
	Roles      Set `json:"roles,omitzero"`
	Groups     Set `json:"groups,omitzero"`
	Scopes     Set `json:"scopes,omitzero"`
	Connection Set `json:"connection,omitzero"`
	// Time is a part of the week.
	Time *Times `json:"time,omitempty"`
}

// A Set is a list of values of which one has to be there, or, under not, none. In a
// document it is a value, a list, or {not: list}.
type Set struct {
	Not    bool
	Values []string
}

// Times are days and hours in a time zone: from ≤ t < to, by the clock on the wall there.
// Where To is not after From, it is on the next day, and Days are those of From. Without
// From a day begins at 00:00, without To it ends at 24:00.
type Times struct {
	Days []string `json:"days,omitempty"` // mon … sun; none: every day
	From string   `json:"from,omitempty"` // 18:00
	To   string   `json:"to,omitempty"`
	Zone string   `json:"zone"` // Europe/Berlin
}

// An answer is whether values are in a set, or that nobody knows.
type answer int

const (
	unknown answer = iota
	outside
	inside
)

// fits reports whether w holds in a scene. Strict is whether its row would ask for a
// factor or refuse.
func (w *When) fits(s *Scene, now time.Time, strict bool) bool {
	return w.Networks.fits(s.in, s.Address != "", strict) &&
		w.Countries.fits(is(s.Country), s.Country != "", strict) &&
		w.Continents.fits(is(s.Continent), s.Continent != "", strict) &&
		w.Roles.fits(among(s.Roles), s.Roles != nil, strict) &&
		w.Groups.fits(among(s.Groups), s.Groups != nil, strict) &&
		w.Scopes.fits(among(s.Scopes), s.Scopes != nil, strict) &&
		w.Connection.fits(is(s.Connection), s.Connection != "", strict) &&
		w.Time.fits(now, strict)
}

func is(fact string) func(string) answer {
	return func(value string) answer { return found(value == fact) }
}

func among(facts []string) func(string) answer {
	return func(value string) answer { return found(slices.Contains(facts, value)) }
}

func found(yes bool) answer {
	if yes {
		return inside
	}
	return outside
}

// in says whether the scene's address is of a network. An IPv4 address in IPv6 clothes
// is the IPv4 address; one with a zone belongs to one machine's link and to no network.
func (s *Scene) in(network string) answer {
	address, err := netip.ParseAddr(s.Address)
	if err != nil || address.Zone() != "" {
		return unknown
	}
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return unknown
	}
	return found(prefix.Contains(address.Unmap()))
}

func (s *Set) fits(in func(string) answer, known, strict bool) bool {
	if s.IsZero() {
		return true
	}
	there := unknown
	if known {
		there = s.any(in)
	}
	if there == unknown {
		return s.Not && strict
	}
	return (there == inside) != s.Not
}

func (s *Set) any(in func(string) answer) answer {
	there := outside
	for _, value := range s.Values {
		switch in(value) {
		case inside:
			return inside
		case unknown:
			there = unknown
		}
	}
	return there
}

// fits reports whether now is in t. In a zone that cannot be read it is unknown, and
// only a strict row fits.
func (t *Times) fits(now time.Time, strict bool) bool {
	if t == nil {
		return true
	}
	place, err := zone(t.Zone)
	from, to, ok := t.hours()
	if err != nil || !ok {
		return strict
	}
	now = now.In(place)
	minute, today := now.Hour()*60+now.Minute(), now.Weekday()
	if from < to {
		return t.on(today) && from <= minute && minute < to
	}
	yesterday := (today + 6) % 7
	return t.on(today) && from <= minute || t.on(yesterday) && minute < to
}

// weekdays in the order of time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (t *Times) on(day time.Weekday) bool {
	return len(t.Days) == 0 || slices.Contains(t.Days, weekdays[day])
}

const midnight = 24 * 60

// hours are From and To in minutes of a day.
func (t *Times) hours() (from, to int, ok bool) {
	to = midnight
	if t.From != "" {
		if from, ok = clock(t.From); !ok || from == midnight {
			return 0, 0, false
		}
	}
	if t.To != "" {
		if to, ok = clock(t.To); !ok {
			return 0, 0, false
		}
	}
	return from, to, true
}

// clock reads 18:00, up to 24:00, as minutes.
func clock(text string) (minutes int, ok bool) {
	h, m, _ := strings.Cut(text, ":")
	hour, err := strconv.ParseUint(h, 10, 8)
	minute, err2 := strconv.ParseUint(m, 10, 8)
	if err != nil || err2 != nil || len(h) != 2 || len(m) != 2 || minute > 59 {
		return 0, false
	}
	minutes = int(hour)*60 + int(minute)
	return minutes, minutes <= midnight
}

// zones are those that were read before: only documents name any, and a decision is no
// place to read a file.
var zones sync.Map // name → *time.Location

var errNoZone = errors.New("no time zone")

// zone finds a time zone by its IANA name. What this machine calls its own is none.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errNoZone
	}
	if known, ok := zones.Load(name); ok {
		if place, ok := known.(*time.Location); ok {
			return place, nil
		}
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return nil, errNoZone
	}
	zones.Store(name, place)
	return place, nil
}
