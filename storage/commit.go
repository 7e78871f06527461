package storage

import (
	"context"
	"slices"
)

// A Change is all that one answer of a person changes. Zero fields change nothing.
type Change struct {
	Login             *Login           // as UpdateLogin
	NewLogin          *Login           // as CreateLogin
	Authenticators    []*Authenticator // as UpdateAuthenticator
	NewAuthenticators []*Authenticator // as CreateAuthenticator
	OldAuthenticators []string         // ids, as DeleteAuthenticator
	User              *User            // as UpdateUser
	SignedIn          string           // user id, as NoteSignIn
	Session           *Session         // as UpdateSession
	NewSession        *Session         // as CreateSession
	EndSession        string           // id, as EndSession
	EndAllOf          string           // user id, as EndSessions, and all grants, offline ones too
	EndAllBut         string           // id of the session of EndAllOf that stays, "" for none
	Forget            string           // user id, as DeleteBrowsers
	NewBrowser        *Browser         // as CreateBrowser
	OldBrowser        string           // id, as DeleteBrowser
	Browser           *Browser         // as UseBrowser, with NewKey
	NewKey            []byte
	Transaction       *Transaction // as PutTransaction
	Ticket            []byte       // key, as UseTicket
	Consent           *Consent     // as PutConsent
	History           *History     // as PutHistory
	Decision          *Decision    // as PutDecision
	Grants            []*Grant     // as PutGrants
	Refund            []Limit      // as GiveBack
	Messages          []*Message   // as AddMessages
	Events            []*Event     // as AddEvents
}

// Commit stores all of c or nothing of it, in one round trip where it can.
//
// Errors: those of the methods that the fields name; ErrConflict above all, where
// the login, an authenticator or the session has changed since it was read.
func (d *DB) Commit(ctx context.Context, c Change) error {
	do := func(ctx context.Context) error {
		for _, write := range d.writes(ctx, &c) {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	}
	if c.User != nil || c.EndSession != "" || c.EndAllOf != "" {
		return d.Tx(ctx, do) // these read as well
	}
	return d.atOnce(ctx, do)
}

// writes are the statements of c in the order in which every Commit takes its locks:
// the rows that others fight for come first.
func (d *DB) writes(ctx context.Context, c *Change) []func() error {
	var all []func() error
	add := func(write func() error) { all = append(all, write) }
	if c.Login != nil {
		add(func() error { return d.UpdateLogin(ctx, c.Login) })
	}
	if c.NewLogin != nil {
		add(func() error { return d.CreateLogin(ctx, c.NewLogin) })
	}
	if c.Ticket != nil {
		add(func() error { return d.UseTicket(ctx, c.Ticket) })
	}
	for _, a := range c.Authenticators {
		add(func() error { return d.UpdateAuthenticator(ctx, a) })
	}
	for _, id := range c.OldAuthenticators {
		add(func() error { return d.DeleteAuthenticator(ctx, id) })
	}
	for _, a := range c.NewAuthenticators {
		add(func() error { return d.CreateAuthenticator(ctx, a) })
	}
	if c.Transaction != nil {
		add(func() error { return d.PutTransaction(ctx, c.Transaction) })
	}
	if c.User != nil {
		add(func() error { return d.UpdateUser(ctx, c.User) })
	}
	if c.SignedIn != "" {
		add(func() error { return d.NoteSignIn(ctx, c.SignedIn) })
	}
	if c.EndSession != "" {
		add(func() error { return d.EndSession(ctx, c.EndSession) })
	}
	if c.EndAllOf != "" {
		add(func() error { return d.EndSessions(ctx, c.EndAllOf, c.EndAllBut) })
		add(func() error { return d.RevokeUserGrants(ctx, c.EndAllOf) })
	}
	if c.Session != nil {
		add(func() error { return d.UpdateSession(ctx, c.Session) })
	}
	if c.NewSession != nil {
		add(func() error { return d.CreateSession(ctx, c.NewSession) })
	}
	if c.Forget != "" {
		add(func() error { return d.DeleteBrowsers(ctx, c.Forget) })
	}
	if c.OldBrowser != "" {
		add(func() error { return d.DeleteBrowser(ctx, c.OldBrowser) })
	}
	if c.NewBrowser != nil {
		add(func() error { return d.CreateBrowser(ctx, c.NewBrowser) })
	}
	if c.Browser != nil {
		add(func() error { return d.UseBrowser(ctx, c.Browser, c.NewKey) })
	}
	if c.Consent != nil {
		add(func() error { return d.PutConsent(ctx, c.Consent) })
	}
	if len(c.Grants) > 0 {
		add(func() error { return d.PutGrants(ctx, c.Grants...) })
	}
	if c.History != nil {
		add(func() error { return d.PutHistory(ctx, c.History) })
	}
	if c.Decision != nil {
		add(func() error { return d.PutDecision(ctx, c.Decision) })
	}
	add(func() error { return d.GiveBack(ctx, slices.Clone(c.Refund)...) })
	add(func() error { return d.AddMessages(ctx, c.Messages...) })
	add(func() error { return d.AddEvents(ctx, c.Events...) })
	return all
}
