package oidc

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
)

// forwardedFor is in which header a client's server says who it asks for, in Auth0's
// spelling.
const forwardedFor = "Auth0-Forwarded-For"

// endUser is the address of the person whom c asks for. It is what c says, where c has
// proven who it is and its settings say that it is believed; else where r came from.
// What is not one address is not believed either: then all of c's people share one.
func (p *Provider) endUser(r *http.Request, c *client) netip.Addr {
	if !c.Public() && c.Settings.TrustForwardedFor {
		if at, err := netip.ParseAddr(strings.TrimSpace(r.Header.Get(forwardedFor))); err == nil {
			return at.Unmap().WithZone("")
		}
	}
	return p.address(r)
}

// onBehalf is r as limits, risk and the audit log are to see it: it comes from the person
// and not from c's server. Call it once c is authenticated.
func (p *Provider) onBehalf(r *http.Request, c *client) *http.Request {
	return r.WithContext(flows.ComingFrom(r.Context(), p.endUser(r, c)))
}
