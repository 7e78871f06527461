package main

import (
	"crypto/rand"
	"time"

	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/storage"
)

// newSecret makes a client secret of 256 bits. Of old, what still works does so for
// keep more at most.
func (h *house) newSecret(old []storage.ClientSecret, keep time.Duration) (string, []storage.ClientSecret) {
	secret, now := rand.Text()+rand.Text(), h.now()
	secrets := []storage.ClientSecret{{Hash: h.hashSecret(secret), CreatedAt: now}}
	if keep <= 0 {
		return secret, secrets
	}
	for _, s := range old {
		if end := now.Add(keep); s.ExpiresAt.IsZero() || s.ExpiresAt.After(end) {
			s.ExpiresAt = end
		}
		if now.Before(s.ExpiresAt) {
			secrets = append(secrets, s)
		}
	}
	return secret, secrets
}

// oneSecret makes a client secret, and what is kept of it.
func (h *house) oneSecret() (string, storage.ClientSecret) {
	secret, kept := h.newSecret(nil, 0)
	return secret, kept[0]
}

func (h *house) hashSecret(secret string) []byte { return oidc.HashSecret(h.db, secret) }
