package flows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

// connectionStrategy is what Auth0 calls a register of one's own; Config.Connection is its
// name.
const (
	connectionStrategy = "auth0"
	// ConnectionID is its id in APIs and scripts.
	ConnectionID = "con_default"
)

// A scene is where a login happens, as far as it is known.
type scene struct {
	address      netip.Addr
	place        *risk.Place
	organization *storage.Organization // nil: none was asked for
	member       *storage.Member       // of it; nil: the person is not, or is not known yet
}

// locate finds out where r comes from.
func (e *Engine) locate(r *http.Request, l *login) {
	l.scene.address = e.address(r).Unmap()
	l.scene.place = e.places.Find(l.scene.address)
}

// attend reads the organization that was asked for, and whether the person belongs to it.
func (e *Engine) attend(ctx context.Context, l *login) error {
	id := l.state.Ask.Organization
	if id == "" {
		return nil
	}
	var err error
	if l.scene.organization, err = e.db.CachedOrganization(ctx, id); errors.Is(err, storage.ErrNotFound) {
		return ErrGone
	} else if err != nil {
		return fmt.Errorf("organization: %w", err)
	}
	l.scene.member = nil
	if l.user == nil {
		return nil
	}
	m, err := e.db.Membership(ctx, l.scene.organization.ID, l.user.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("organization: %w", err)
	}
	if err == nil {
		l.scene.member = m
		return nil
	}
	l.scene.member, err = e.candidate(ctx, l)
	return err
}

// outsider reports whether the person is none of the organization that they sign in to.
func (l *login) outsider() bool {
	return l.scene.organization != nil && l.user != nil && l.scene.member == nil
}

// policyScene is the scene as policies see it.
func (e *Engine) policyScene(l *login) policy.Scene {
	s := policy.Scene{Roles: orEmpty(l.roles()), Groups: []string{}, Scopes: []string{}, Connection: e.config.Connection}
	if l.scene.address.IsValid() {
		s.Address = l.scene.address.String()
	}
	if p := l.scene.place; p != nil {
		s.Country, s.Continent = p.CountryCode, p.ContinentCode
	}
	if l.user != nil {
		s.Groups = orEmpty(l.user.Groups)
	}
	for _, scope := range l.state.Ask.Scopes {
		s.Scopes = append(s.Scopes, scope.Value[strings.LastIndexByte(scope.Value, ' ')+1:])
	}
	return s
}

// roles are the person's own and those that they have in the organization.
func (l *login) roles() []string {
	var all []string
	if l.user != nil {
		all = append(all, l.user.Roles...)
	}
	if l.scene.member != nil {
		all = append(all, l.scene.member.Roles...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// documents are what the organization, the client and the tenant say of a second factor.
// One that cannot be read was not written by this version: it is taken as the strict one.
func (e *Engine) documents(l *login, f *policy.Facts) {
	if l.tokenOnly { // what policies wanted was shown when the authorization was given
		f.TenantPolicy.Policy = policy.Never
		return
	}
	read := func(into *policy.Document, base string, factors []string, text json.RawMessage) {
		if len(text) > 0 {
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields() // a condition that is passed over would fit everybody
			if err := decoder.Decode(into); err != nil {
				e.log.Error("policy document cannot be read", "error", err)
				*into = policy.Document{Policy: policy.Always, Factors: factors}
				return
			}
		}
		into.Policy, into.Factors = base, factors
	}
	read(&f.TenantPolicy, l.settings.Policy, nil, l.settings.Document)
	if l.client != nil {
		read(&f.ClientPolicy, l.client.Settings.Policy, l.client.Settings.Factors, l.client.Settings.Document)
	}
	if o := l.scene.organization; o != nil {
		read(&f.OrganizationPolicy, o.Policy, o.Factors, o.Document)
	}
}

// parameters are those of the authorization request.
func (l *login) parameters() url.Values {
	q, err := url.ParseQuery(string(l.state.Ask.Request))
	if err != nil {
		return url.Values{}
	}
	return q
}
