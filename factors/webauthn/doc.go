// Package webauthn is the passkey: security keys that people carry (webauthn-roaming)
// and the lock of the device in front of them (webauthn-platform), by Web
// Authentication Level 3.
//
// A key is made for one domain, so no other site can use what a person does with it.
// One that verified the person, by PIN, finger or face, is two kinds of factor by
// itself and may open a login; one that was only touched is one kind. What a key says
// of itself is recorded (how often it signed, whether it can be copied) and never
// believed further than it was verified: its kind is "pop", or "swk" where it can be
// copied, and "hwk" only where a certificate of its maker leads to a root that the
// operator named.
//
// The package may not know HTTP, storage or pages: options go out and answers come in
// as JSON.
package webauthn
