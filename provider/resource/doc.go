// Package resource protects an API that takes access tokens of an OpenID provider: a
// middleware for Go's net/http that checks a JWT access token (RFC 9068) and, where a
// request needs a stronger or fresher sign-in than the token tells of, says so in the
// words of RFC 9470, so that applications can ask the person for exactly that.
//
//	v, err := resource.New(resource.Config{Issuer: "https://id.example/", Audience: "https://api.example/"})
//	mux.Handle("POST /transfer", v.Require(resource.Need{
//		Scopes: []string{"transfer"}, ACR: []string{"http://schemas.openid.net/pape/policies/2007/06/multi-factor"}, MaxAge: &fiveMinutes,
//	})(transfer))
//
// It is a library for other people's servers: it imports no other package of this
// module and works with every issuer that follows the specifications. It may not know
// how a person signed in, which clients there are or what the API does; it knows the
// issuer's metadata and keys, and the token.
//
// A JWT is checked by those keys alone, so a revoked one counts until it expires. Opaque
// tokens are taken only where Config.Introspect says how to ask about them (RFC 7662);
// the answers are not kept, so those tokens end when they are revoked.
package resource
