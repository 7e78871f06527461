package push

import (
	"context"
	"net/netip"
	"net/url"
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

// How devices say that they are reached.
const (
	serviceAPNS = "APNS"
	serviceGCM  = "GCM"
)

// pushTimeout bounds one attempt: a person waits for it.
const pushTimeout = 4 * time.Second

func loopback(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && a.IsLoopback())
}
