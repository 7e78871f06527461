// Package management owns what administrators may do: to users, clients, APIs, factors,
// policies, scripts and the tenant. It has two doors. The functions, which the command
// line and the dashboard call, check input and name what is wrong with it. The Management
// API below /api/v2, which is Auth0's in names and shapes, so that SDKs and deploy tools
// move by changing a domain, calls the same functions: neither accepts what the other
// refuses.
//
// One noun a file. Each registers its operations (op); from these come the routes, the
// checks of scopes and input, and the OpenAPI document, so none of them can say
// otherwise than the others. Auth0's other names for things ("guardian", "sms|dev_…")
// stay in here.
//
// As at Auth0, a client that may change client grants may give itself every scope of this
// API, and one that may change applications can take another's place: the scopes to write
// client_grants, clients and client_keys are an administrator's.
//
// It knows storage, flows and factors and no protocol of the browser: what a valid client
// does at the authorization endpoint is the business of package oidc, and so is who a
// bearer token is (Options.Bearer).
//
// Beside flows it imports flows/policy, because what is stored has to be a policy that a
// sign-in can be judged by: one grammar reads it at both doors and in the engine, and a
// change that would lock people out is refused before it is stored. It imports age, because
// an export has everybody's second factors in it and must never lie about in clear: its
// format is public, others read it, and nothing of ours decides about ciphers
// (deploy/decisions/0012-exports-are-for-public-keys.md).
package management
