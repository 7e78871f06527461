package risk

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Confidences that a sign-in is the person's own.
const (
	Low     = "low"
	Medium  = "medium"
	High    = "high"
	Neutral = "neutral" // nothing is known
)

// A Config is the operator's judgement.
type Config struct {
	// RememberFor is how long a device stays known after it was last used.
	RememberFor time.Duration `doc:"how long a device stays known without a sign-in"`
	// PlausibleSpeed and ImpossibleSpeed are in km/h. Faster than the one is of medium
	// confidence, faster than the other of low.
	PlausibleSpeed  float64 `doc:"speed in km/h above which a journey is unlikely"`
	ImpossibleSpeed float64 `doc:"speed in km/h above which a journey is impossible"`
	// MinimalDistance is what the error of a location is at most, in kilometres.
	MinimalDistance float64 `doc:"kilometres below which nobody has travelled"`
	// PhoneSettled is how long a number is suspect after it was added.
	PhoneSettled   time.Duration `doc:"how long a telephone number is suspect after it was added"`
	RiskyCountries []string      `doc:"countries whose numbers are suspect, as DE"`
	// Trusted networks are never a reason: of UntrustedIP and ImpossibleTravel.
	Trusted []netip.Prefix `doc:"networks that are never a reason for doubt, such as the company's"`
}

// DefaultConfig is a month, a train, and an airliner with its connections.
func DefaultConfig() Config {
	return Config{
		RememberFor: 30 * 24 * time.Hour, PlausibleSpeed: 300, ImpossibleSpeed: 1000, MinimalDistance: 100, PhoneSettled: 72 * time.Hour,
	}
}

// Validate reports every setting that is out of range.
func (c Config) Validate() error {
	var faults []error
	refuse := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	const day = 24 * time.Hour
	if c.RememberFor < day || c.RememberFor > 365*day {
		refuse("remember_for: %s is out of range: use 24h to 8760h", c.RememberFor)
	}
	if c.PlausibleSpeed <= 0 || c.ImpossibleSpeed < c.PlausibleSpeed {
		refuse("impossible_speed: %v is slower than plausible_speed: use 300 and 1000", c.ImpossibleSpeed)
	}
	if c.MinimalDistance < 0 {
		refuse("minimal_distance: %v is negative: use 100", c.MinimalDistance)
	}
	if c.PhoneSettled < 0 {
		refuse("phone_settled: %s is negative: use 72h", c.PhoneSettled)
	}
	for _, country := range c.RiskyCountries {
		if len(country) != 2 {
			refuse("risky_countries: %q is no country: write DE", country)
		}
	}
	return errors.Join(faults...)
}

// A Device is one that a person signed in with before.
type Device struct {
	Mark      string // keyed hash of the browser's own mark
	UserAgent string // its kind, as Family makes it
	LastSeen  time.Time
}

// A Visit is where a person signed in last.
type Visit struct {
	Place Place
	At    time.Time
}

// A Phone is the number that codes go to.
type Phone struct {
	Kind    string // mobile, fixed_line, voip, premium_rate, toll_free, unknown
	Country string // as DE
	AddedAt time.Time
}

// Signals are all that an assessment depends on.
type Signals struct {
	Now     time.Time
	Address netip.Addr
	Place   *Place // nil: unknown
	Mark    string // of this browser, "" where it has none
	Agent   string // its kind, as Family makes it
	Devices []Device
	Last    *Visit // nil: none is known
	First   bool   // the person never signed in before
	Listed  *Listing
	Phone   *Phone // nil: codes go to none
	// Failed names assessors whose facts could not be had.
	Failed []string
}

// An Assessment is one assessor's word.
type Assessment struct {
	Confidence string         `json:"confidence"`
	Code       string         `json:"code"`
	Details    map[string]any `json:"details,omitempty"`
}

// A Report is what event.authentication.riskAssessment holds.
type Report struct {
	Confidence  string                `json:"confidence"`
	Version     string                `json:"version"`
	Assessments map[string]Assessment `json:"assessments"`
}

// The assessors.
const (
	NewDevice        = "NewDevice"
	ImpossibleTravel = "ImpossibleTravel"
	UntrustedIP      = "UntrustedIP"
	PhoneNumber      = "PhoneNumber"
)

const (
	unavailable = "assessment_not_available"
	version     = "1"
)

// Assess says what the signals are worth. It is pure.
func Assess(s Signals, c Config) Report {
	r := Report{Version: version, Assessments: map[string]Assessment{}}
	for name, assess := range map[string]func(Signals, Config) Assessment{
		NewDevice: device, ImpossibleTravel: travel, UntrustedIP: network, PhoneNumber: phone,
	} {
		if slices.Contains(s.Failed, name) {
			r.Assessments[name] = Assessment{Confidence: Low, Code: unavailable}
		} else {
			r.Assessments[name] = assess(s, c)
		}
	}
	r.Confidence = lowest(r.Assessments)
	return r
}

// lowest leaves out what is not known; where nothing is, neither is the whole.
func lowest(all map[string]Assessment) string {
	order := []string{Low, Medium, High}
	worst := len(order)
	for _, a := range all {
		if i := slices.Index(order, a.Confidence); i >= 0 {
			worst = min(worst, i)
		}
	}
	if worst == len(order) {
		return Neutral
	}
	return order[worst]
}

func device(s Signals, c Config) Assessment {
	known := func(yes bool) string {
		if yes {
			return "known"
		}
		return "unknown"
	}
	var marked, agent, recent bool
	for _, d := range s.Devices {
		if s.Now.Sub(d.LastSeen) > c.RememberFor {
			continue
		}
		recent = true
		marked = marked || s.Mark != "" && d.Mark == s.Mark
		agent = agent || d.UserAgent == s.Agent
	}
	a := Assessment{Details: map[string]any{"device": known(marked), "useragent": known(agent)}}
	switch {
	case s.First:
		a.Confidence, a.Code = Medium, "initial_login"
	case !recent:
		a.Confidence, a.Code = Low, "no_device_history"
	case marked && agent:
		a.Confidence, a.Code = High, "match"
	case marked:
		a.Confidence, a.Code = Medium, "partial_match" // browsers are updated
	case agent:
		a.Confidence, a.Code = Low, "unknown_device"
	default:
		a.Confidence, a.Code = Low, "no_match"
	}
	return a
}

func travel(s Signals, c Config) Assessment {
	switch {
	case trusted(s.Address, c):
		return Assessment{Confidence: High, Code: "minimal_travel_from_last_login"}
	case s.Place == nil || !s.Place.Located():
		return Assessment{Confidence: Neutral, Code: "missing_geoip"}
	case s.Place.Anonymous:
		return Assessment{Confidence: Low, Code: "anonymous_proxy"}
	case s.First:
		return Assessment{Confidence: Neutral, Code: "initial_login"}
	case s.Last == nil || !s.Last.Place.Located():
		return Assessment{Confidence: Neutral, Code: "location_history_not_found"}
	case s.Now.Before(s.Last.At):
		return Assessment{Confidence: Low, Code: "invalid_travel"}
	}
	far := Distance(*s.Place, s.Last.Place)
	hours := math.Max(s.Now.Sub(s.Last.At).Hours(), 1.0/60)
	a := Assessment{Details: map[string]any{"kilometers": math.Round(far), "hours": math.Round(hours*100) / 100}}
	switch speed := far / hours; {
	case far < c.MinimalDistance:
		a.Confidence, a.Code = High, "minimal_travel_from_last_login"
	case speed <= c.PlausibleSpeed:
		a.Confidence, a.Code = High, "travel_from_last_login"
	case speed <= c.ImpossibleSpeed:
		a.Confidence, a.Code = Medium, "substantial_travel_from_last_login"
	default:
		a.Confidence, a.Code = Low, "impossible_travel_from_last_login"
	}
	return a
}

func network(s Signals, c Config) Assessment {
	switch {
	case !s.Address.IsValid():
		return Assessment{Confidence: Low, Code: "invalid_ip_address"}
	case s.Listed == nil || trusted(s.Address, c):
		return Assessment{Confidence: High, Code: "not_found_on_deny_list"}
	}
	return Assessment{Confidence: Low, Code: "found_on_deny_list", Details: map[string]any{
		"ip": s.Address.String(), "source": s.Listed.Source, "category": s.Listed.Category, "matches": s.Listed.Network.String(),
	}}
}

func trusted(a netip.Addr, c Config) bool {
	return slices.ContainsFunc(c.Trusted, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

func phone(s Signals, c Config) Assessment {
	p := s.Phone
	if p == nil {
		return Assessment{Confidence: Neutral, Code: "no_phone_number"}
	}
	details := map[string]any{"type": p.Kind, "country": p.Country}
	switch {
	case slices.ContainsFunc(c.RiskyCountries, func(country string) bool { return strings.EqualFold(country, p.Country) }):
		return Assessment{Low, "risky_country", details}
	case p.Kind == "premium_rate":
		return Assessment{Low, "risky_number_type", details}
	case s.Now.Sub(p.AddedAt) < c.PhoneSettled:
		return Assessment{Low, "recent_change", details}
	case p.Kind == "voip", p.Kind == "toll_free":
		return Assessment{Medium, "virtual_number", details}
	}
	return Assessment{High, "number_ok", details}
}
