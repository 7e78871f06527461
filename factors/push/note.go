package push

import (
	"context"
	"time"
)

// A note is one notification for one device.
type note struct {
	ID, Title, Body string
	Data            []byte // a JSON object
	Expires         time.Time
}

type sender interface {
	send(ctx context.Context, service, token string, n note) error
}

var _ sender = (*webPush)(nil)
