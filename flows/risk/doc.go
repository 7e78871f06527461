// Package risk assesses a sign-in by where it comes from: how well the device is known,
// whether anybody could have travelled that far, what is known of the network, and what
// kind of number a person's codes go to. Names, codes and confidences are Auth0's, so
// that rules that read them work; the formula is below and nobody's secret.
//
//	NewDevice         the browser's mark and its kind against those seen before
//	ImpossibleTravel  kilometres from the last sign-in by the hours since
//	UntrustedIP       the operator's lists of networks
//	PhoneNumber       the kind of the number, its age, its country
//
// The confidence of the whole is the lowest of its parts; a part that is unknown (no
// location, no history) says so and is left out, and a part that failed is low, with the
// code assessment_not_available. It never guesses: without a database of locations every
// location is unknown.
//
// The package is told everything and asks nobody but the files that operators give it
// (Atlas, Lists). It may not know logins, tables or pages.
package risk
