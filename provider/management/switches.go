package management

import (
	"slices"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// SwitchOn enables a factor for everybody, behind those that come before it by default,
// wherever an administrator has put them.
//
// Errors: *Invalid.
func (d Desk) SwitchOn(s *storage.Settings, name string) error {
	SwitchOff(s, name)
	if err := d.Beside(name, s.Factors); err != nil {
		return err
	}
	s.Factors = slices.Insert(s.Factors, d.place(name, s.Factors), name)
	return nil
}

// SwitchOff takes a factor away from everybody.
func SwitchOff(s *storage.Settings, name string) {
	s.Factors = slices.DeleteFunc(s.Factors, func(one string) bool { return one == name })
}

// place is where a factor that is switched on comes among others.
func (d Desk) place(name string, enabled []string) int {
	all := d.Factors.Names()
	before := all[:slices.Index(all, name)]
	for i := len(enabled); i > 0; i-- {
		if slices.Contains(before, enabled[i-1]) {
			return i
		}
	}
	return 0
}

// Beside says whether a factor can be enabled beside others: one that stands alone
// excludes them, one that depends on another needs one.
//
// Errors: *Invalid.
func (d Desk) Beside(name string, enabled []string) error {
	alone := func(one string) bool { return d.Factors.Info(one).Exclusive }
	dependent := func(one string) bool { return d.Factors.Info(one).Dependent }
	switch {
	case alone(name) && len(enabled) > 0:
		return unwise(name, "excludes all others, and "+enabled[0]+" is enabled", "disable those first, or use it for one client: client update --factor "+name)
	case slices.ContainsFunc(enabled, alone):
		other := enabled[slices.IndexFunc(enabled, alone)]
		return unwise(other, "excludes "+name, "disable it first")
	case dependent(name) && !slices.ContainsFunc(enabled, func(one string) bool { return !dependent(one) }):
		return unwise(name, "only stands beside another factor", "enable one such as otp first")
	}
	return nil
}

func unwise(field, why, mend string) error {
	return &Invalid{Faults: []Fault{{Field: field, Why: why, Mend: mend}}}
}

// independent reports whether a factor can be the only one: it is a second factor, and
// depends on no other.
func (d Desk) independent(name string) bool {
	info := d.Factors.Info(name)
	return info.Second && !info.Dependent
}

// checkLeft refuses to take the last factor away that can stand alone, while those that
// cannot are enabled or everybody is asked for one.
//
// Errors: *Invalid.
func (d Desk) checkLeft(old, s *storage.Settings) error {
	if !slices.ContainsFunc(old.Factors, d.independent) || slices.ContainsFunc(s.Factors, d.independent) {
		return nil
	}
	if i := slices.IndexFunc(s.Factors, func(name string) bool { return d.Factors.Info(name).Dependent }); i >= 0 {
		return unwise("factors", "no factor would be left beside which "+s.Factors[i]+" could stand", "disable "+s.Factors[i]+" first, or enable another such as otp")
	}
	if s.Policy == policy.Always {
		return unwise("factors", "no factor would be left, and the policy asks everybody for one", "change the policy to never first, or enable another factor such as otp")
	}
	return nil
}
