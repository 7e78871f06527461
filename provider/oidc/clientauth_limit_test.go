package oidc_test

import (
	"net/http"
	"testing"
	"time"
)

// TestGuessedSecrets: secrets cannot be guessed from one network without end, whichever
// client they are tried for, and who knows theirs is not kept out.
func TestGuessedSecrets(t *testing.T) {
	h := apps(t)
	guess := func(client string) *reply {
		return h.call("", "/oauth/token", "grant_type", "client_credentials", "client_id", client, "client_secret", "guessed")
	}
	for i := range 100 {
		guess([]string{"app", "none"}[i%2]).is(http.StatusUnauthorized, "invalid_client")
	}
	guess("app").is(http.StatusTooManyRequests, "invalid_client")
	guess("none").is(http.StatusTooManyRequests, "invalid_client")
	h.needs("grace") // with the right secret
	h.wait(2 * time.Second)
	guess("app").is(http.StatusUnauthorized, "invalid_client")
}
