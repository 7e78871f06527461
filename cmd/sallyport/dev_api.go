package main

import (
	"encoding/json"
	"net/http"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/resource"
)

// What the demo's resource server does, below its origin.
const (
	transferPath = "/api/transfer"
	treasuryPath = "/api/treasury/transfer"
)

// demoAPI is the resource server of the demo: what it does takes a second factor, or a
// passkey, shown lately, and its middleware says so to applications (RFC 9470).
func (h *house) demoAPI(st *stage) (http.Handler, error) {
	verifier, err := resource.New(resource.Config{Issuer: st.issuer, Audience: demoAudience, Now: h.now})
	if err != nil {
		return nil, err
	}
	age := maxSensitiveAge
	mux := http.NewServeMux()
	for path, acr := range map[string][]string{
		transferPath: {policy.MultiFactor},
		treasuryPath: {policy.PhishingResistant, "phrh"}, // a key that is known to be hardware says the latter
	} {
		guard := verifier.Require(resource.Need{Scopes: []string{"transfer"}, ACR: acr, MaxAge: &age})
		mux.Handle("POST "+path, guard(http.HandlerFunc(transferred)))
	}
	return mux, nil
}

func transferred(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"message": "The money is on its way."}) // the application has gone
}
