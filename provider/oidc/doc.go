// Package oidc speaks OAuth 2.0 and OpenID Connect: authorization, tokens, UserInfo,
// introspection, revocation, pushed requests, discovery, keys and logout. It owns the
// wire: parameters, error codes, token formats, signing keys. It does not know how a
// person proves who they are (package flows does, asked by Begin and Result), and
// nothing of SQL.
//
// ory/fosite lives here and nowhere else. It checks requests and runs the grants
// (authorization code, its OpenID Connect part, PKCE, refresh, client credentials).
// Reading requests, client authentication, tokens, errors and every answer are ours.
//
//	authorize  read → flows.Begin ─┬─ 303 /login/{id} … /authorize/resume → flows.Result
//	                               └─ done ──────────────────────────────────┐
//	           303 redirect_uri?code&state&iss ◀── one INSERT ◀── fosite ◀───┘
//	token      postForm → authenticate → fosite (reads once, from the work)
//	                   → one conditional write → JSON
//
// # What fosite leaves open, and our answer
//
// Numbers are those of the regression tests TestHole01 to TestHole17.
//
//  1. A wrong code_verifier deletes the PKCE data, so that a second try needs none.
//     The challenge is part of the code's row; nothing is deleted; PKCE is required
//     by client besides (store.go).
//  2. A code or refresh token can be spent twice at once. Spending is one conditional
//     write that also inserts what was made of it (work.go, storage.Redeem).
//  3. Pushed requests do not expire, mix with the front channel, keep credentials and
//     can be burnt by anyone. Ours are kept without credentials and used up by one
//     conditional write that names the client; nothing is merged (par.go, request.go).
//  4. An expired or skewed client assertion is a 500. Ours is verified with a minute
//     of leeway and refused as invalid_client (assertion.go).
//  5. An unknown grant_type is invalid_request. Ours is unsupported_grant_type.
//  6. 401 has no WWW-Authenticate. Ours has (errors.go).
//  7. A forged refresh token is invalid_request. Ours is invalid_grant, without a read
//     of the table (opaque.go).
//  8. Revocation says 200 when the database is down. Ours says 503 (revoke.go).
//  9. Introspection answers any holder of a token, and refresh tokens carry the wrong
//     exp. Ours wants a client's credentials, tells it only of tokens that it may
//     know, and each token has its own exp (introspect.go).
//  10. An ID token passes as an access token. Ours are told apart by typ, and a JWT of
//     a person counts only while its authorization does (jwts.go, inspect.go).
//  11. Tokens are taken from the address. Ours only from header or body (userinfo.go).
//  12. Scopes compare without case. Ours compare by bytes before fosite sees them
//     (request.go, client.go).
//  13. Refresh ignores scope, JWTs keep their first iat, at_hash has the wrong length
//     for some algorithms, EdDSA cannot be verified. Narrowing, claims and hashes are
//     ours (token.go, jwts.go, keys.go).
//  14. Errors of request objects come before the redirect_uri is checked. We take no
//     request objects, say so in our metadata, and refuse them by redirect.
//  15. alg none and foreign iss or aud pass in request objects and hints. Hints are
//     verified with our own keys and algorithms, iss and aud (hint.go).
//  16. Error hints tell facts about clients. Descriptions are our own fixed sentences
//     (errors.go).
//  17. Opaque tokens are not bound to their kind, and the table holds half of each.
//     Ours have their kind in the keyed check, and the table a keyed hash (opaque.go).
package oidc
