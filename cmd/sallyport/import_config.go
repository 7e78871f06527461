package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// errDry undoes what was only tried.
var errDry = errors.New("not stored")

// A settler puts a tenant's configuration into the register, all in one transaction, and
// says of every item what became of it. What would be refused is not tried: a statement
// that fails would undo the rest.
type settler struct {
	*house
	tenant  *auth0.Tenant
	items   []auth0.Item
	secrets map[string]string // by client_id
}

// importTenant stores a tenant's configuration.
func (h *house) importTenant(ctx context.Context, im *importing, t *auth0.Tenant) error {
	return h.importConfiguration(ctx, im, func(ctx context.Context, s *settler) error {
		s.tenant = t
		for _, put := range []func(context.Context) error{s.applications, s.scripts, s.guardian, s.organizations} {
			if err := put(ctx); err != nil {
				return err
			}
		}
		s.items = append(s.items, t.Rest()...)
		return nil
	})
}

// importConfiguration stores what put puts, all of it or nothing, with the new secrets.
func (h *house) importConfiguration(ctx context.Context, im *importing, put func(context.Context, *settler) error) error {
	file, err := newSecretsFile(im.secretsFile, im.dry)
	if err != nil {
		return err
	}
	var s *settler
	err = h.db.Tx(ctx, func(ctx context.Context) error {
		s = &settler{house: h, secrets: map[string]string{}}
		if err := put(ctx, s); err != nil {
			return err
		}
		if im.dry {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		if file != nil {
			err = errors.Join(err, file.Close(), os.Remove(im.secretsFile))
		}
		return fmt.Errorf("no configuration was imported: %w", err)
	}
	im.Items = append(im.Items, s.items...)
	if im.Secrets == nil {
		im.Secrets = map[string]string{}
	}
	if !im.dry {
		maps.Copy(im.Secrets, s.secrets)
	}
	if file == nil {
		return nil
	}
	return errors.Join(json.NewEncoder(file).Encode(s.secrets), file.Close())
}

// newSecretsFile makes the file before there is anything to lose; nil where none is wanted.
func newSecretsFile(path string, dry bool) (*os.File, error) {
	if path == "" || dry {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: "--secrets-file: " + err.Error(), mend: "name a new file"}
	}
	return f, nil
}

// here reports whether a thing is there, or only not readable.
func here(err error) (bool, error) {
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// there notes an item that was left as it is.
func (s *settler) there(item auth0.Item, what string) {
	item.Outcome, item.Why = auth0.There, []string{what + " is there and was left as it is"}
	s.items = append(s.items, item)
}

// applications stores the APIs, then the clients that may ask for them.
func (s *settler) applications(ctx context.Context) error {
	forAll, err := s.apis(ctx)
	if err != nil {
		return err
	}
	apps := s.tenant.Clients()
	grants := s.tenant.Grants()
	for i := range grants {
		if err := s.grant(ctx, &grants[i], apps); err != nil {
			return err
		}
	}
	for _, app := range apps {
		if app.Client == nil {
			s.items = append(s.items, app.Item)
			continue
		}
		if err := s.application(ctx, app, forAll); err != nil {
			return err
		}
	}
	for _, g := range grants {
		s.items = append(s.items, g.Item)
	}
	return nil
}

// apis stores the APIs and returns those that every application may ask for.
func (s *settler) apis(ctx context.Context) ([]string, error) {
	var forAll []string
	for _, a := range s.tenant.APIs() {
		if a.API == nil {
			s.items = append(s.items, a.Item)
			continue
		}
		if err := s.api(ctx, a.API, a.Item); err != nil {
			return nil, err
		}
		if a.ForAll && s.items[len(s.items)-1].Outcome != auth0.Left {
			forAll = append(forAll, a.Audience)
		}
	}
	return forAll, nil
}

func (s *settler) api(ctx context.Context, a *storage.API, item auth0.Item) error {
	if err := checkAPI(a); err != nil {
		s.items = append(s.items, item.Leave(err.Error()))
		return nil
	}
	known, err := here(second(s.db.APIByAudience(ctx, a.Audience)))
	if err != nil {
		return err
	}
	if known {
		s.there(item, "an API with this audience")
		return nil
	}
	s.items = append(s.items, item)
	return s.change(ctx, apiEvent("api.created", a), func(ctx context.Context) error { return s.db.CreateAPI(ctx, a) })
}

// second is the error of what gives something beside.
func second[T any](_ T, err error) error { return err }

// grant lets an application have tokens of an API, if both come over.
func (s *settler) grant(ctx context.Context, g *auth0.Grant, apps []*auth0.Application) error {
	if g.Item.Outcome == auth0.Left {
		return nil
	}
	api, err := s.db.APIByAudience(ctx, g.Audience)
	if errors.Is(err, storage.ErrNotFound) {
		g.Item = g.Item.Leave("there is no API " + g.Audience)
		return nil
	}
	if err != nil {
		return err
	}
	at := slices.IndexFunc(apps, func(a *auth0.Application) bool {
		return a.Client != nil && (a.ID == g.Client || a.Item.Name == g.Client)
	})
	if at < 0 {
		g.Item = g.Item.Leave("its application does not come over")
		return nil
	}
	g.Cut(api)
	c := apps[at].Client
	if c.Settings.Audiences == nil {
		c.Settings.Audiences = map[string][]string{}
	}
	c.Settings.Audiences[g.Audience] = append(c.Settings.Audiences[g.Audience], g.Scopes...)
	return nil
}

func (s *settler) application(ctx context.Context, app *auth0.Application, forAll []string) error {
	if app.NewID {
		known, err := s.namesake(ctx, app.Name)
		if err != nil {
			return err
		}
		if known {
			s.there(app.Item, "an application of this name")
			return nil
		}
	}
	if app.PeopleIn && len(forAll) > 0 {
		if app.Settings.Audiences == nil {
			app.Settings.Audiences = map[string][]string{}
		}
		for _, audience := range forAll {
			if _, ok := app.Settings.Audiences[audience]; !ok {
				app.Settings.Audiences[audience] = []string{}
			}
		}
	}
	return s.client(ctx, app.Client, app.Item)
}

// client stores a client with a new secret, where it has one.
func (s *settler) client(ctx context.Context, c *storage.Client, item auth0.Item) error {
	known, err := here(second(s.db.ClientByID(ctx, c.ID)))
	if err != nil {
		return err
	}
	if known {
		s.there(item, "an application with this client_id")
		return nil
	}
	if err := s.checkClient(ctx, c); err != nil {
		s.items = append(s.items, item.Leave(err.Error()))
		return nil
	}
	secret, err := s.createClient(ctx, c)
	if secret != "" {
		s.secrets[c.ID] = secret
	}
	s.items = append(s.items, item)
	return err
}

// namesake reports whether there is an application called name.
func (s *settler) namesake(ctx context.Context, name string) (bool, error) {
	list, err := s.db.Clients(ctx)
	return slices.ContainsFunc(list, func(c *storage.Client) bool { return c.Name == name }), err
}

const maxScriptText = 100 << 10 // bytes, storage's and Auth0's limit

// scripts stores the rules and actions behind those that are there.
func (s *settler) scripts(ctx context.Context) error {
	for _, one := range append(s.tenant.Rules(), s.tenant.Actions()...) {
		if one.Script == nil {
			s.items = append(s.items, one.Item)
			continue
		}
		known, err := here(second(s.db.ScriptByName(ctx, one.Name)))
		switch {
		case err != nil:
			return err
		case known:
			s.there(one.Item, "a script of this name")
			continue
		case len(one.Source) > maxScriptText:
			s.items = append(s.items, one.Item.Leave(fmt.Sprintf("its text has more than %d bytes", maxScriptText)))
			continue
		case strings.ContainsRune(one.Source, 0):
			s.items = append(s.items, one.Item.Leave("its text has a NUL byte"))
			continue
		}
		if err := rules.Check(rules.Script{Name: one.Name, Kind: one.Kind, Source: one.Source}); err != nil {
			s.items = append(s.items, one.Item.Leave(err.Error()))
			continue
		}
		if _, err := s.putScript(ctx, one.Script, one.Source, one.Deploy); err != nil {
			if !errors.Is(err, storage.ErrInvalid) {
				return err
			}
			one.Item = one.Item.Leave(ofScript(err, one.Name).Error()) // storage refused it before it wrote anything
		}
		s.items = append(s.items, one.Item)
	}
	return nil
}

// guardian stores which factors there are and when they are asked for.
func (s *settler) guardian(ctx context.Context) error {
	offered := s.tenant.Factors()
	want, item := s.tenant.Policy()
	if len(offered) == 0 && want == "" {
		if item.Kind != "" {
			s.items = append(s.items, item)
		}
		return nil
	}
	var enabled []string
	slices.SortStableFunc(offered, func(a, b auth0.Factor) int { // what others depend on first
		return slices.Index(s.factors.Names(), a.Name) - slices.Index(s.factors.Names(), b.Name)
	})
	for i := range offered {
		f := &offered[i]
		if f.Item.Outcome == auth0.Left {
			continue
		}
		if lacks := s.factors.Info(f.Name).Missing; lacks != "" {
			f.Item = f.Item.Leave(lacks + " is not set; set it, then `sallyport factor enable " + f.Name + "`")
		} else if err := s.desk(false).Beside(f.Name, enabled); err != nil {
			f.Item = f.Item.Leave(err.Error())
		} else {
			enabled = append(enabled, f.Name)
		}
	}
	_, err := s.desk(false).ChangeSettings(ctx, storage.Event{Type: "policy.changed", Data: map[string]any{"import": true}}, func(now *storage.Settings) error {
		if len(enabled) > 0 {
			now.Factors = enabled
		}
		now.Policy = or(want, now.Policy)
		return nil
	})
	if why := refusal(err); why != "" {
		for i := range offered {
			if offered[i].Item.Outcome != auth0.Left {
				offered[i].Item = offered[i].Item.Leave(why)
			}
		}
		item, err = item.Leave(why), nil
	}
	if err != nil {
		return err
	}
	for _, f := range offered {
		s.items = append(s.items, f.Item)
	}
	if item.Kind != "" {
		s.items = append(s.items, item)
	}
	return nil
}

// refusal is why settings are not to be, before anything was written; "" for other errors.
func refusal(err error) string {
	var locked *management.LockOut
	var invalid *management.Invalid
	if errors.As(err, &locked) || errors.As(err, &invalid) {
		return strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return ""
}

func (s *settler) organizations(ctx context.Context) error {
	for _, one := range s.tenant.Organizations() {
		if one.Organization == nil {
			s.items = append(s.items, one.Item)
			continue
		}
		if err := s.customer(ctx, one.Organization, one.Item); err != nil {
			return err
		}
	}
	return nil
}

// customer stores an organization.
func (s *settler) customer(ctx context.Context, o *storage.Organization, item auth0.Item) error {
	known, err := here(second(s.db.OrganizationByName(ctx, o.Name)))
	if err == nil && !known {
		known, err = here(second(s.db.OrganizationByID(ctx, o.ID)))
	}
	if err != nil {
		return err
	}
	if known {
		s.there(item, "an organization of this name or id")
		return nil
	}
	e := event{Type: "organization.created", Data: map[string]any{"organization": o.ID, "name": o.Name}}
	err = s.change(ctx, e, func(ctx context.Context) error {
		if err := s.db.CreateOrganization(ctx, o); err != nil {
			return err
		}
		return s.noteVersion(ctx, management.OfOrganization(o), policy.Document{}, nil)
	})
	if errors.Is(err, storage.ErrInvalid) {
		item, err = item.Leave(err.Error()), nil // storage refused it before it wrote anything
	}
	s.items = append(s.items, item)
	return err
}

// importMembers makes people members of the organizations that name them, those of one
// organization together.
func (h *house) importMembers(ctx context.Context, t *auth0.Tenant, dry bool) ([]auth0.Item, error) {
	var items []auth0.Item
	for _, one := range t.Organizations() {
		if one.Organization == nil || len(one.Members) == 0 || dry {
			continue
		}
		var list []auth0.Item
		err := h.db.Tx(ctx, func(ctx context.Context) (err error) {
			list, err = h.members(ctx, one)
			return err
		})
		if err != nil {
			return nil, err
		}
		items = append(items, list...)
	}
	return items, nil
}

func (h *house) members(ctx context.Context, one *auth0.Organization) ([]auth0.Item, error) {
	var items []auth0.Item
	o, err := h.db.OrganizationByName(ctx, one.Name)
	if err != nil {
		return nil, err
	}
	for _, m := range one.Members {
		item := auth0.Item{Kind: "members", Name: or(m.UserID, m.Email) + " of " + o.Name, Outcome: auth0.CameOver}
		u, err := h.db.UserByID(ctx, m.UserID)
		if errors.Is(err, storage.ErrNotFound) {
			u, err = h.db.UserByLogin(ctx, m.Email)
		}
		switch {
		case errors.Is(err, storage.ErrNotFound):
			items = append(items, item.Leave("there is no such person"))
			continue
		case err != nil:
			return nil, err
		}
		e := event{Type: "organization.member_added", UserID: u.ID, Data: map[string]any{"organization": o.ID, "name": o.Name, "roles": m.Roles}}
		err = h.change(ctx, e, func(ctx context.Context) error {
			return h.db.PutMember(ctx, &storage.Member{OrganizationID: o.ID, UserID: u.ID, Roles: m.Roles})
		})
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}
