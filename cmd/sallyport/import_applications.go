package main

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

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
	if err := management.ValidateAPI(a); err != nil {
		s.items = append(s.items, item.Leave(refusal(err)))
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
