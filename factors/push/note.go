package push

import (
	"context"
	"time"
)

// A note is one notification for one device.
type note struct {
	ID          string // of the message: the same for each attempt
	Title, Body string // what the device shows
	Data        []byte // the question as a JSON object
	Expires     time.Time
}

// A sender reaches devices. service is how the device said it is reached, token its
// address there.
//
// Errors: as factors.Courier.
type sender interface {
	send(ctx context.Context, service, token string, n note) error
}
