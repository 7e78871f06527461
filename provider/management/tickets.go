package management

import (
	"context"

	"github.com/sallyport-id/sallyport/storage"
)

func (a *API) mailVerification(context.Context, *storage.User) error { return nil }
