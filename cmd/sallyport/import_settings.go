package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/cmd/sallyport/auth0"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

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
		case strings.ContainsRune(one.Source, 0):
			s.items = append(s.items, one.Item.Leave("its text has a NUL byte"))
			continue
		}
		_, err = s.desk(false).EditScript(ctx, one.Script, management.ScriptEdit{Source: &one.Source, Deploy: one.Deploy})
		var fault *rules.Fault
		switch {
		case errors.As(err, &fault):
			one.Item = one.Item.Leave(fault.Error())
		case errors.Is(err, storage.ErrInvalid):
			one.Item = one.Item.Leave(ofScript(err, one.Name).Error()) // storage refused it before it wrote anything
		case err != nil:
			return err
		}
		s.items = append(s.items, one.Item)
	}
	return nil
}

// guardian stores which factors there are and when they are asked for, each unless
// somebody has changed it here.
func (s *settler) guardian(ctx context.Context) error {
	asks, listed, err := s.changed(ctx)
	if err != nil {
		return err
	}
	want, item := s.tenant.Policy()
	if want != "" && asks {
		want, item = "", item.Stay("the tenant's policy")
	}
	offered := s.tenant.Factors()
	enabled := s.enable(offered, listed)
	if want != "" || len(enabled) > 0 {
		_, err = s.desk(false).ChangeSettings(ctx, storage.Event{Type: "policy.changed", Data: map[string]any{"import": true}}, func(now *storage.Settings) error {
			if len(enabled) > 0 {
				now.Factors = enabled
			}
			now.Policy = or(want, now.Policy)
			return nil
		})
	}
	if why := refusal(err); why != "" {
		for i := range offered {
			if offered[i].Item.Outcome == auth0.CameOver {
				offered[i].Item = offered[i].Item.Leave(why)
			}
		}
		if want != "" {
			item = item.Leave(why)
		}
		err = nil
	}
	for _, f := range offered {
		s.items = append(s.items, f.Item)
	}
	if item.Kind != "" {
		s.items = append(s.items, item)
	}
	return err
}

// changed reports what of the tenant's policy somebody has ever set here, or an import
// before: when a second factor is asked for, and which factors there are.
func (s *settler) changed(ctx context.Context) (asks, listed bool, err error) {
	past, err := s.db.PolicyVersions(ctx, storage.ScopeTenant)
	if err != nil {
		return false, false, err
	}
	now, err := s.db.Settings(ctx)
	if err != nil {
		return false, false, err
	}
	fresh := storage.NewSettings()
	asks, listed = now.Policy != fresh.Policy || len(now.Document) > 0, !slices.Equal(now.Factors, fresh.Factors)
	for _, v := range past {
		var d policy.Document
		if err := json.Unmarshal(v.Document, &d); err != nil {
			return false, false, fmt.Errorf("version %d of the policy: %w", v.Number, err)
		}
		listed = listed || !slices.Equal(d.Factors, fresh.Factors)
		d.Factors = nil
		asks = asks || !reflect.DeepEqual(d, policy.Document{Policy: fresh.Policy})
	}
	return asks, listed, nil
}

// enable returns those of offered that can be, in an order in which others depend on what
// came before; none where the list is to stay.
func (s *settler) enable(offered []auth0.Factor, stays bool) (enabled []string) {
	slices.SortStableFunc(offered, func(a, b auth0.Factor) int {
		return slices.Index(s.factors.Names(), a.Name) - slices.Index(s.factors.Names(), b.Name)
	})
	for i := range offered {
		f := &offered[i]
		if f.Item.Outcome == auth0.Left {
			continue
		}
		if stays {
			f.Item = f.Item.Stay("the tenant's list of factors")
		} else if lacks := s.factors.Info(f.Name).Missing; lacks != "" {
			f.Item = f.Item.Leave(lacks + " is not set; set it, then `sallyport factor enable " + f.Name + "`")
		} else if err := s.desk(false).Beside(f.Name, enabled); err != nil {
			f.Item = f.Item.Leave(err.Error())
		} else {
			enabled = append(enabled, f.Name)
		}
	}
	return enabled
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
		ours, err := s.customer(ctx, one.Organization, one.Item)
		switch {
		case err != nil:
			return err
		case len(one.Members) == 0:
		case ours:
			s.peopled = append(s.peopled, one)
		case s.items[len(s.items)-1].Outcome == auth0.There:
			s.items = append(s.items, membersOf(one).Leave("nothing says that the organization here is that one; if it is, add them with `sallyport org add-member`"))
		}
	}
	return nil
}

// customer stores an organization. ours says that it came over, or was there with its id.
func (s *settler) customer(ctx context.Context, o *storage.Organization, item auth0.Item) (ours bool, err error) {
	ours, err = here(second(s.db.OrganizationByID(ctx, o.ID)))
	known := ours
	if err == nil && !known {
		known, err = here(second(s.db.OrganizationByName(ctx, o.Name)))
	}
	if err != nil {
		return false, err
	}
	if known {
		s.there(item, "an organization of this name or id")
		return ours, nil
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
	return item.Outcome != auth0.Left, err
}
