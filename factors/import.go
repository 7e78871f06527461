package factors

import "time"

// An Importer is a factor that takes over what a person has elsewhere.
type Importer interface {
	// Import makes a confirmed authenticator of answer: a password's "hash", the "secret"
	// of an authenticator app, a "phone_number", an "email" address. Nobody is asked for a
	// proof: the caller vouches that these are the person's.
	Import(answer Answer, now time.Time) (*Authenticator, error)
}
