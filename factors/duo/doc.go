// Package duo sends people to Duo's Universal Prompt and takes what it says of them, by
// Duo's protocol, which is OpenID Connect with signed requests.
// https://duo.com/docs/oauthapi
//
// Which methods a person has at Duo is Duo's business: enrolling here only notes that
// Duo knows them, and the proof says what Duo says they did. What it does not say in
// words that are known counts for nothing.
//
// The package may not know HTTP but as Duo's client, storage or pages.
package duo
