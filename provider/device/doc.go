// Package device serves what phones and the web authenticator speak: Auth0's Guardian
// protocol, so that apps built with its SDKs need nothing but this site's address.
//
//	POST   api/enroll                       Ticket id="…"   a device is taken on
//	POST   api/resolve-transaction          Bearer txtkn    the person's signed answer
//	PATCH  api/device-accounts/{id}         Bearer device   its name or address changed
//	DELETE api/device-accounts/{id}         Bearer device   it is removed
//	GET    api/device-accounts/{id}/question  Bearer device  what is asked just now (ours)
//
// all below /appliance-mfa and, for other clients, /guardian. Beside it, the page of the
// web authenticator with its service worker and manifest.
//
// The package only translates: what a device may do, and what its answers are worth, is
// the business of packages flows and factors/push. It keeps nothing and looks at no
// cookie.
package device
