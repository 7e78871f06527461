package management

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// adminRole is the role of those who must not be locked out.
const adminRole = "admin"

// A LockOut is the error of a change after which no administrator could sign in.
type LockOut struct{ Why string }

func (e *LockOut) Error() string { return "this would lock every administrator out: " + e.Why }

// locksOut says why no administrator could sign in any more under the tenant's settings
// s and with factors as then has them, "" where one could, or none could before, or there
// is none. It looks at the tenant's policy alone: rows by their roles and groups, and the
// factors that administrators have or may set up. A row that also asks for a network, a
// country, a time, a scope or a connection is passed over, because another place or hour
// gets in.
func (d Desk) locksOut(ctx context.Context, old, s *storage.Settings, then func(string) factors.Info) (string, error) {
	admins, err := d.DB.UsersWithRole(ctx, adminRole)
	if err != nil {
		return "", err
	}
	admins = slices.DeleteFunc(admins, func(u *storage.User) bool { return u.Blocked })
	why, err := d.barAll(ctx, admins, s, then)
	if err != nil || why == "" {
		return "", err
	}
	if before, err := d.barAll(ctx, admins, old, d.Factors.Info); err != nil || before != "" {
		return "", err
	}
	return why, nil
}

// barAll is why none of people could sign in, "" where one could.
func (d Desk) barAll(ctx context.Context, people []*storage.User, s *storage.Settings, info func(string) factors.Info) (string, error) {
	document, err := OfTenant(s).Document()
	if err != nil {
		return "", err
	}
	g := gate{document, s.InvitedOnly, info}
	var reasons []string
	for _, u := range people {
		list, err := d.DB.Authenticators(ctx, u.ID)
		if err != nil {
			return "", err
		}
		why := g.bars(u, list)
		if why == "" {
			return "", nil
		}
		reasons = append(reasons, u.Username+": "+why)
	}
	return strings.Join(reasons, ", "), nil
}

// A gate is what the tenant asks of people, with the factors that there are.
type gate struct {
	policy.Document
	invitedOnly bool
	info        func(string) factors.Info
}

// bars is why u, who has list, could not sign in, "" where they could.
func (g gate) bars(u *storage.User, list []*factors.Authenticator) string {
	kind, allowed, said := g.Policy, g.Factors, "the policy"
	for _, row := range g.Rows {
		if !fitsPerson(&row.When, u) {
			continue
		}
		kind, said = row.Policy, fmt.Sprintf("the row %q", row.Name)
		if row.Factors != nil {
			allowed = slices.DeleteFunc(slices.Clone(row.Factors), func(name string) bool { return !slices.Contains(g.Factors, name) })
		}
		break
	}
	switch {
	case kind == policy.Refuse:
		return said + " denies"
	case kind == policy.Always && !g.canShow(allowed, u, list):
		return fmt.Sprintf("%s asks for one of %v, of which they have none and may set up none", said, allowed)
	}
	return ""
}

// fitsPerson reports whether conditions hold for u wherever and whenever they sign in.
func fitsPerson(w *policy.When, u *storage.User) bool {
	for _, set := range []policy.Set{w.Networks, w.Countries, w.Continents, w.Scopes, w.Connection} {
		if set.Not || set.Values != nil {
			return false
		}
	}
	return w.Time == nil && holds(w.Roles, u.Roles) && holds(w.Groups, u.Groups)
}

func holds(s policy.Set, has []string) bool {
	if !s.Not && s.Values == nil {
		return true
	}
	return slices.ContainsFunc(s.Values, func(value string) bool { return slices.Contains(has, value) }) != s.Not
}

// canShow reports whether u has one of the factors, or may set one up on a password
// alone: who has another one may not.
func (g gate) canShow(names []string, u *storage.User, list []*factors.Authenticator) bool {
	owns := slices.ContainsFunc(list, func(a *factors.Authenticator) bool {
		return !a.ConfirmedAt.IsZero() && a.Factor != factors.Password && g.info(a.Factor).Traits&factors.Weak == 0
	})
	for _, name := range names {
		info := g.info(name)
		if !info.Second || info.Missing != "" {
			continue
		}
		has := slices.ContainsFunc(list, func(a *factors.Authenticator) bool { return a.Factor == name && a.Usable() })
		mailbox := name == factors.Email && u.EmailVerified && owns
		if has || mailbox || !owns && !g.invitedOnly && info.Enrollable && !info.Dependent {
			return true
		}
	}
	return false
}
