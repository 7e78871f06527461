package main

import (
	"context"

	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
)

func (p *program) rules(ctx context.Context, m *management.Management) {
	p.topic = "Rule"
	r := &management.Rule{Name: auth0.String("walk"), Script: auth0.String("function (user, context, callback) { callback(null, user, context); }"), Enabled: auth0.Bool(false)}
	p.works("Rule.Create", func() error { return m.Rule.Create(ctx, r) })
	p.works("Rule.Read", func() error {
		return see(m.Rule.Read(ctx, r.GetID()))(func(r *management.Rule) bool { return r.GetName() == "walk" && r.GetScript() != "" })
	})
	p.works("Rule.Update", func() error { return m.Rule.Update(ctx, r.GetID(), &management.Rule{Name: auth0.String("walked")}) })
	p.works("Rule.List", func() error {
		return see(m.Rule.List(ctx))(func(l *management.RuleList) bool { return len(l.Rules) > 1 })
	})
	p.works("Rule.Delete", func() error { return m.Rule.Delete(ctx, r.GetID()) })
	p.topic = "RuleConfig"
	p.works("RuleConfig.Upsert", func() error {
		return m.RuleConfig.Upsert(ctx, "WALK", &management.RuleConfig{Value: auth0.String("on foot")})
	})
	p.works("RuleConfig.List", func() error {
		return see(m.RuleConfig.List(ctx))(func(l []*management.RuleConfig) bool { return len(l) == 1 && l[0].GetKey() == "WALK" })
	})
	p.works("RuleConfig.Read", func() error {
		return see(m.RuleConfig.Read(ctx, "WALK"))(func(r *management.RuleConfig) bool { return r.GetKey() == "WALK" })
	})
	p.works("RuleConfig.Delete", func() error { return m.RuleConfig.Delete(ctx, "WALK") })
}

func (p *program) actions(ctx context.Context, m *management.Management) {
	p.topic = "Action"
	const trigger = "post-login"
	p.works("Action.Triggers", func() error {
		return see(m.Action.Triggers(ctx))(func(l *management.ActionTriggerList) bool { return len(l.Triggers) > 0 })
	})
	a := &management.Action{
		Name: auth0.String("walk"), SupportedTriggers: []management.ActionTrigger{{ID: auth0.String(trigger), Version: auth0.String("v3")}},
		Code: auth0.String("exports.onExecutePostLogin = async (event, api) => {};"), Secrets: &[]management.ActionSecret{{Name: auth0.String("KEY"), Value: auth0.String("x")}},
	}
	p.works("Action.Create", func() error { return m.Action.Create(ctx, a) })
	p.works("Action.Read", func() error {
		return see(m.Action.Read(ctx, a.GetID()))(func(a *management.Action) bool { return a.GetName() == "walk" })
	})
	p.works("Action.List", func() error {
		return see(m.Action.List(ctx))(func(l *management.ActionList) bool { return len(l.Actions) == 1 })
	})
	p.works("Action.Update", func() error {
		return m.Action.Update(ctx, a.GetID(), &management.Action{Code: auth0.String("exports.onExecutePostLogin = async (event, api) => { /* again */ };")})
	})
	var v *management.ActionVersion
	p.works("Action.Deploy", func() (err error) {
		v, err = m.Action.Deploy(ctx, a.GetID())
		return err
	})
	p.works("Action.Versions", func() error {
		return see(m.Action.Versions(ctx, a.GetID()))(func(l *management.ActionVersionList) bool { return len(l.Versions) > 0 })
	})
	p.works("Action.Version", func() error {
		return see(m.Action.Version(ctx, a.GetID(), v.GetID()))(func(found *management.ActionVersion) bool { return found.GetID() == v.GetID() })
	})
	p.works("Action.DeployVersion", func() error { _, err := m.Action.DeployVersion(ctx, a.GetID(), v.GetID()); return err })
	p.works("Action.UpdateBindings", func() error {
		return m.Action.UpdateBindings(ctx, trigger, []*management.ActionBinding{{Ref: &management.ActionBindingReference{Type: auth0.String("action_id"), Value: a.ID}, DisplayName: auth0.String("walk")}})
	})
	p.works("Action.Bindings", func() error {
		return see(m.Action.Bindings(ctx, trigger))(func(l *management.ActionBindingList) bool { return len(l.Bindings) == 1 })
	})
	p.works("Action.Test", func() error {
		return m.Action.Test(ctx, a.GetID(), &management.ActionTestPayload{"event": map[string]any{"user": map[string]any{"email": "x@walk.example"}}})
	})
	p.works("Action.UpdateBindings to none", func() error { return m.Action.UpdateBindings(ctx, trigger, []*management.ActionBinding{}) })
	p.works("Action.Delete", func() error { return m.Action.Delete(ctx, a.GetID()) })
}
