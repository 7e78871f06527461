package flows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// A Renewal is a refresh token that is exchanged, with what the authorization that it
// came from had proven.
type Renewal struct {
	ID           string // of the authorization
	User         *storage.User
	ClientID     string
	Organization string
	AMR          []string
	AuthTime     time.Time
	Parameters   url.Values // of the token request, without secrets
	Origin       []byte     // see Ask
}

// Renew lets rules and actions have their say about a refresh, as they do in Auth0: they
// may refuse it, set claims (nil: there are no scripts, and they stay), or ask for a second
// factor. One that the authorization had proven counts where the script lets a browser be
// remembered. Policies have no say: what they wanted was shown at the sign-in. Who has left
// the organization gets nothing. Without scripts and organization it reads nothing.
//
// Errors: *Refusal; *SecondNeeded where a factor is to be shown first, by Direct. Where that
// would take a browser it is a *Refusal with the code mfa_required.
func (e *Engine) Renew(ctx context.Context, r *http.Request, n Renewal) (*Claims, error) {
	l := &login{
		row: &storage.Login{ID: n.ID, UserID: n.User.ID}, user: n.User, tokenOnly: true, address: e.addressOf(r), agent: r.UserAgent(),
		state: state{Ask: Ask{ClientID: n.ClientID, Organization: n.Organization, RequestedAt: e.now(), Request: []byte(n.Parameters.Encode())}},
	}
	if err := e.equip(ctx, l); errors.Is(err, ErrGone) {
		return nil, &Refusal{Code: "unauthorized_client", Description: "There is no such client."}
	} else if err != nil {
		return nil, err
	}
	if err := e.attend(ctx, l); errors.Is(err, ErrGone) {
		return nil, &Refusal{Code: "access_denied", Description: "The organization is gone."}
	} else if err != nil {
		return nil, err
	}
	if l.outsider() {
		return nil, &Refusal{Code: "access_denied", Description: refusals["not_member"]}
	}
	if len(l.scripts) == 0 {
		return nil, nil
	}
	person, err := e.db.PersonByID(ctx, n.User.ID)
	if err != nil {
		return nil, fmt.Errorf("authenticators: %w", err)
	}
	e.keep(l, person.Authenticators)
	if err := l.recollect(person.History); err != nil {
		return nil, err
	}
	e.locate(r, l)
	l.state.Proofs = proofsOf(n.AMR, n.AuthTime)
	d, err := e.settle(ctx, r, l)
	if err != nil {
		return nil, err
	}
	switch {
	case d.Need == policy.ProveSecond || d.Need == policy.Enroll:
		return nil, e.renewLater(r.WithContext(ctx), l, d, n.Origin)
	case d.Need != policy.Done:
		refused := e.turnedAway(ctx, r, l, d)
		var refusal *Refusal
		if errors.As(refused, &refusal) && d.Reason == "enrollment" {
			refusal.Code, refusal.Description = "mfa_required", "Multifactor authentication required"
		}
		return nil, refused
	}
	l.row.ID = storage.NewID("rnw") // one that succeeds has a record of its own
	rec, err := e.conclude(ctx, r, l, d)
	if err == nil && rec != nil {
		err = e.db.PutDecision(ctx, rec)
	}
	if err != nil {
		return nil, err
	}
	claims := l.claims()
	return &claims, nil
}

// renewLater keeps a renewal open until the factor is shown.
func (e *Engine) renewLater(r *http.Request, l *login, d policy.Decision, origin []byte) error {
	l.row.ID, l.row.ExpiresAt = storage.NewID("lgn"), e.now().Add(directLife)
	l.state.Ask.Direct, l.state.Ask.Origin = directRefresh, origin
	v := &visit{r: r, login: l, unstored: true}
	needed := e.needed(v, d)
	c := &storage.Change{
		Login: l.row, Decision: e.witness(v.ctx(), r, l, d),
		Events: []*storage.Event{e.event(v, "exchange.unfinished", map[string]any{"exchange": e.exchange(l)})},
	}
	if err := e.store(v, c); err != nil {
		return err
	}
	return needed
}

// proofsOf is what an authorization had proven, from its amr (RFC 8176).
func proofsOf(amr []string, at time.Time) []factors.Proof {
	if !slices.Contains(amr, "pwd") { // a passkey, which is two kinds by itself
		return []factors.Proof{{Factor: factors.Roaming, AMR: amr, Kinds: factors.Has | factors.Is, Traits: factors.PhishingResistant, At: at}}
	}
	bag := []factors.Proof{{Factor: factors.Password, AMR: []string{"pwd"}, Kinds: factors.Knows, At: at}}
	if slices.Contains(amr, "mfa") {
		bag = append(bag, factors.Proof{Factor: secondOf(amr), AMR: amr, Kinds: factors.Has, At: at})
	}
	return bag
}

// secondOf is the factor that an amr speaks of, as far as it says.
func secondOf(amr []string) string {
	for _, one := range []struct{ method, factor string }{
		{"sms", factors.SMS}, {"tel", factors.Voice}, {"swk", factors.Push}, {"hwk", factors.Roaming}, {"pop", factors.Roaming},
	} {
		if slices.Contains(amr, one.method) {
			return one.factor
		}
	}
	return factors.OTP
}
