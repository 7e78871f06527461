package flows

import (
	"context"
	"net/http"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
)

// assess says how much l looks like the person's own sign-in, once in a login: when they
// have shown who they are, before rules and policies are asked. What fails is of low
// confidence.
func (e *Engine) assess(ctx context.Context, r *http.Request, l *login) {
	if l.state.Risk != nil || l.user == nil || !e.assesses(l) {
		return
	}
	s := risk.Signals{
		Now: e.now(), Address: l.scene.address, Place: l.scene.place, Mark: e.deviceMark(r), Agent: risk.Family(r.UserAgent()),
		First: l.user.SignedInAt.IsZero(), Listed: e.lists.Find(l.scene.address),
	}
	if h, err := e.remind(ctx, l); err != nil {
		e.log.ErrorContext(ctx, "risk: history", "error", err)
		s.Failed = []string{risk.NewDevice, risk.ImpossibleTravel, risk.PhoneNumber}
	} else {
		s.Devices, s.Last = h.Devices, h.Last
		s.Phone = e.phone(l)
	}
	report := risk.Assess(s, e.risk)
	l.state.Risk = &report
}

// assesses reports whether anybody wants to know: a policy that is adaptive, a script, or
// the tenant, who only looks.
func (e *Engine) assesses(l *login) bool {
	if l.settings.Assess || len(l.scripts) > 0 {
		return true
	}
	var f policy.Facts
	e.documents(l, &f)
	return slices.ContainsFunc([]policy.Document{f.OrganizationPolicy, f.ClientPolicy, f.TenantPolicy}, func(d policy.Document) bool {
		return d.Policy == policy.Adaptive || slices.ContainsFunc(d.Rows, func(r policy.Row) bool { return r.Policy == policy.Adaptive })
	})
}

// phone is the number that codes go to, of those who have one.
func (e *Engine) phone(l *login) *risk.Phone {
	for _, name := range []string{factors.SMS, factors.Voice} {
		for _, a := range l.usable(name) {
			if f, ok := e.factors.Get(name).(factors.Numbered); ok {
				kind, country := f.Number(a)
				return &risk.Phone{Kind: kind, Country: country, AddedAt: a.ConfirmedAt}
			}
		}
	}
	return nil
}
