package flows

import (
	"context"
	"net/http"
	"net/netip"
)

type comingFromKey struct{}

// ComingFrom has requests with the context count as from an address: a server asks for a
// person and is believed about where they are. The zero address changes nothing.
func ComingFrom(ctx context.Context, at netip.Addr) context.Context {
	if !at.IsValid() {
		return ctx
	}
	return context.WithValue(ctx, comingFromKey{}, at)
}

// comingFrom prefers what ComingFrom said to what address finds out.
func comingFrom(address func(*http.Request) netip.Addr) func(*http.Request) netip.Addr {
	return func(r *http.Request) netip.Addr {
		if at, ok := r.Context().Value(comingFromKey{}).(netip.Addr); ok {
			return at
		}
		return address(r)
	}
}
