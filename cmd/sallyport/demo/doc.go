// Package demo is what `sallyport dev` puts around the provider so that a newcomer
// sees it work: an application that signs people in and steps up, an API that
// demands fresh and strong sign-ins, an inbox that shows the mail that would have
// been sent, and a start page that links it all. The application is a relying party
// like any other: it speaks OpenID Connect through other people's client libraries,
// on an origin of its own, and uses nothing of the provider's inside.
//
//	person → app /signin → provider … → app /callback/{client} → app /
//	       → app /sensitive → api 401 insufficient_user_authentication
//	       → provider (only what is missing) → app → api 200
package demo
