package management

import (
	"context"

	"github.com/sallyport-id/sallyport/storage"
)

// change does something in one transaction with the line of the audit log that tells of
// it: actor, time and id are the caller's and now.
func (a *API) change(ctx context.Context, e storage.Event, do func(context.Context) error) error {
	return a.desk(ctx).Change(ctx, e, do)
}

// desk is where the caller changes what holds for everybody.
func (a *API) desk(ctx context.Context) Desk {
	return Desk{DB: a.DB, Factors: a.Factors, Actor: actor(callerOf(ctx)), Now: a.Now, Compile: a.Flows.CheckScript}
}
