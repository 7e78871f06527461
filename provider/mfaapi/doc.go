// Package mfaapi is the MFA API by Auth0's contract: /mfa/authenticators, /mfa/associate
// and /mfa/challenge. Applications that show screens of their own call it between the
// password and the tokens, with the mfa_token of a sign-in that waits for its second factor
// (package flows has it), or with an access token for this API.
//
// It translates and nothing else: what Auth0 calls factors, channels and authenticators
// lives here, and only here. What may be asked, set up and removed, by whom and how often,
// is for package flows to say. The tokens come from provider/oidc, which finds out who
// calls.
//
// Answers have the fields that a real tenant sends and no others, but for `number`, which
// people type on their phone where that is asked of them. In particular there is never an
// oob_channels: SDKs disagree on its type.
package mfaapi
