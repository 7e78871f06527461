package main

import (
	"encoding/json"
	"net/http"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/resource"
)

// demoAPI is the resource server of the demo: what it does takes a second factor,
// shown lately, and its middleware says so to applications (RFC 9470).
func (h *house) demoAPI(st *stage) (http.Handler, error) {
	verifier, err := resource.New(resource.Config{Issuer: st.issuer, Audience: demoAudience, Now: h.now})
	if err != nil {
		return nil, err
	}
	age := maxSensitiveAge
	guard := verifier.Require(resource.Need{Scopes: []string{"transfer"}, ACR: []string{policy.MultiFactor}, MaxAge: &age})
	mux := http.NewServeMux()
	mux.Handle("POST /api/transfer", guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "The money is on its way."}) // the application has gone
	})))
	return mux, nil
}
