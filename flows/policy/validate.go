package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Validate reports all that is wrong with d. Known says which factors there are; nil:
// any.
//
// Errors: Faults.
func (d *Document) Validate(known func(factor string) bool) error {
	var f Faults
	if !slices.Contains([]string{"", Never, Always, Adaptive}, d.Policy) {
		mend := "write never, always or adaptive"
		if d.Policy == Refuse {
			mend = "only rows may deny: write a row with conditions"
		}
		f.add("policy", "%q is no policy here; %s", d.Policy, mend)
	}
	f.factors("factors", d.Factors, known)
	f.interval("interval", d.Interval)
	if g := d.Grace; g != nil && g.For < 0 {
		f.add("grace.for", "%s is negative; write 14d", g.For)
	}
	if g := d.Grace; g != nil && g.SignIns < 0 {
		f.add("grace.sign_ins", "%d is negative; write how often, or 0 for any number", g.SignIns)
	}
	names := map[string]int{}
	for i := range d.Rows {
		at := fmt.Sprintf("rows[%d]", i)
		d.Rows[i].validate(&f, at, known)
		name := d.Rows[i].Name
		if first, twice := names[name]; twice && name != "" {
			f.add(at+".name", "%q is the name of rows[%d] too; give it another", name, first)
			continue
		}
		names[name] = i
	}
	return f.err()
}

func (r *Row) validate(f *Faults, at string, known func(string) bool) {
	if strings.TrimSpace(r.Name) == "" {
		f.add(at+".name", "has no name; give one, decisions are explained by it")
	}
	if !slices.Contains([]string{Never, Always, Adaptive, Refuse}, r.Policy) {
		f.add(at+".policy", "%q is no policy; write never, always, adaptive or deny", r.Policy)
	}
	f.factors(at+".factors", r.Factors, known)
	f.interval(at+".interval", r.Interval)
	r.When.validate(f, at+".when")
}

func (f *Faults) factors(at string, names []string, known func(string) bool) {
	if names != nil && len(names) == 0 {
		f.add(at, "is empty; name factors, or leave it out")
	}
	for i, name := range names {
		switch {
		case known != nil && !known(name):
			f.add(fmt.Sprintf("%s[%d]", at, i), "%q is no factor here; write one that is set up", name)
		case slices.Contains(names[:i], name):
			f.add(fmt.Sprintf("%s[%d]", at, i), "%q stands twice; remove one", name)
		}
	}
}

func (f *Faults) interval(at string, d *Duration) {
	if d != nil && *d < 0 {
		f.add(at, "%s is negative; write 8h", *d)
	}
}

func (w *When) validate(f *Faults, at string) {
	empty := w.Time == nil
	for _, s := range []struct {
		name string
		set  Set
		// wrong says what is wrong with a value, "" for nothing.
		wrong func(string) string
	}{
		{"networks", w.Networks, badNetwork}, {"countries", w.Countries, badCountry}, {"continents", w.Continents, badContinent},
		{"roles", w.Roles, badName}, {"groups", w.Groups, badName}, {"scopes", w.Scopes, badName}, {"connection", w.Connection, badName},
	} {
		empty = empty && s.set.IsZero()
		if !s.set.IsZero() && len(s.set.Values) == 0 {
			f.add(at+"."+s.name, "names nothing; give a value, or leave it out")
		}
		for _, value := range s.set.Values {
			if what := s.wrong(value); what != "" {
				f.add(at+"."+s.name, "%q %s", value, what)
			}
		}
	}
	if empty {
		f.add(at, "is empty; give a condition, or say it for everyone by policy")
	}
	if w.Time != nil {
		w.Time.validate(f, at+".time")
	}
}

func badName(value string) string {
	if strings.TrimSpace(value) == "" {
		return "is empty; give a name"
	}
	return ""
}

func badNetwork(value string) string {
	prefix, err := netip.ParsePrefix(value)
	switch {
	case err != nil:
		return "is no network; write 203.0.113.0/24, for one address 203.0.113.7/32"
	case prefix.Addr().Is4In6():
		return "is IPv4 in IPv6; write the IPv4 network"
	}
	return ""
}

func badCountry(value string) string {
	capital := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	switch {
	case len(value) != 2 || !capital(value[0]) || !capital(value[1]):
		return "is no country; write two capital letters, as DE"
	case value == "UK":
		return "is no country; write GB"
	}
	return ""
}

func badContinent(value string) string {
	if !slices.Contains([]string{"AF", "AN", "AS", "EU", "NA", "OC", "SA"}, value) {
		return "is no continent; write AF, AN, AS, EU, NA, OC or SA"
	}
	return ""
}

func (t *Times) validate(f *Faults, at string) {
	if len(t.Days) == 0 && t.From == "" && t.To == "" {
		f.add(at, "names no time; give days, from or to")
	}
	for i, day := range t.Days {
		if !slices.Contains(weekdays, day) {
			f.add(fmt.Sprintf("%s.days[%d]", at, i), "%q is no day; write mon, tue, wed, thu, fri, sat or sun", day)
		}
	}
	if _, ok := clock(t.From); t.From != "" && (!ok || t.From == "24:00") {
		f.add(at+".from", "%q is no time to begin; write 00:00 to 23:59", t.From)
	}
	if _, ok := clock(t.To); t.To != "" && !ok {
		f.add(at+".to", "%q is no time; write 00:00 to 24:00", t.To)
	}
	if _, err := zone(t.Zone); err != nil {
		f.add(at+".zone", "%q is no time zone; write one as Europe/Berlin or UTC", t.Zone)
	}
}
