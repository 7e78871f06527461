package oidc_test

import (
	"slices"
	"sync"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// spares are what takes long to make and does in any house: keys, and hashes of passwords
// and recovery codes.
var spares struct {
	mu    sync.Mutex
	keys  []*storage.SigningKey
	proof map[string]spare // by password, and of the recovery codes by ""
}

type spare struct {
	of    factors.Authenticator
	codes []string
}

// forge gives a new house the keys that an earlier one made, or keeps what this one makes.
func (h *house) forge(assemble func()) {
	h.t.Helper()
	spares.mu.Lock()
	defer spares.mu.Unlock()
	for _, key := range spares.keys {
		again := *key
		again.CreatedAt, again.NotBefore = h.now(), h.now()
		h.must(h.db.PutSigningKey(h.t.Context(), &again))
	}
	assemble()
	if spares.keys == nil {
		var err error
		spares.keys, err = h.db.SigningKeys(h.t.Context())
		h.must(err)
	}
}

// enroll sets a factor up: one that costs a slow hash from what was set up before with the
// same password.
func (h *house) enroll(factor string, s factors.Subject, password string) (*factors.Authenticator, []string) {
	h.t.Helper()
	spares.mu.Lock()
	defer spares.mu.Unlock()
	had, ok := spares.proof[password]
	if !ok {
		var answer factors.Answer
		if password != "" {
			answer = factors.Answer{"password": password}
		}
		a, c, err := h.ring.Get(factor).Enroll(h.t.Context(), s, answer)
		h.must(err)
		had.of = *a
		if c != nil {
			had.codes = c.Prompt.Codes
		}
		if spares.proof == nil {
			spares.proof = map[string]spare{}
		}
		spares.proof[password] = had
	}
	a := had.of
	a.Secret, a.CreatedAt, a.ConfirmedAt = slices.Clone(a.Secret), s.Now, s.Now
	return &a, slices.Clone(had.codes)
}
