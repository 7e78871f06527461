package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/provider/oidc"
	"github.com/sallyport-id/sallyport/storage"
)

// signedToken is a token of the Management API for a day, signed as alg says.
func (x *tenant) signedToken(alg string, scopes ...string) string {
	x.t.Helper()
	audience, day := x.issuer+"api/v2/", int64(86400)
	secret := x.client("long", func(c *storage.Client) {
		c.Metadata.GrantTypes = []string{"client_credentials"}
		c.Settings.Audiences = map[string][]string{audience: scopes}
		c.Settings.AccessTokenAlg, c.Settings.AccessTokenTTL = alg, &day
	})
	var body struct {
		Token string `json:"access_token"`
	}
	x.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "audience": {audience}}, &body, func(r *http.Request) { r.SetBasicAuth("long", secret) })
	return body.Token
}

// TestManagementKeys is the life of a signing key: next, current, previous, revoked. What
// it signed is believed until the last.
func TestManagementKeys(t *testing.T) {
	x := newTenant(t, nil)
	const scopes = "read:signing_keys create:signing_keys update:signing_keys"
	do := func(status int, method, path string) object {
		t.Helper()
		return x.may(scopes, status, method, path, "").object(t)
	}
	keys := func() map[string]object {
		t.Helper()
		byPlace := map[string]object{}
		for _, one := range x.may(scopes, 200, "GET", "/keys/signing", "").body.([]any) {
			k := one.(object)
			for _, place := range []string{"next", "current", "previous", "revoked"} {
				if k[place] == true && k["alg"] == "RS256" {
					byPlace[place] = k
				}
			}
		}
		return byPlace
	}

	first := keys()["current"]
	block, _ := pem.Decode([]byte(first["cert"].(string)))
	if block == nil {
		t.Fatalf("no certificate: %v", first)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil || certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature) != nil || len(first["thumbprint"].(string)) != 40 {
		t.Errorf("%v: %v", first, err)
	}
	var set struct {
		Keys []struct {
			ID           string   `json:"kid"`
			Certificates []string `json:"x5c"`
		} `json:"keys"`
	}
	x.send(http.MethodGet, "/.well-known/jwks.json", "", nil, &set)
	found := false
	for _, k := range set.Keys {
		found = found || k.ID == first["kid"] && len(k.Certificates) == 1 && k.Certificates[0] == base64.StdEncoding.EncodeToString(block.Bytes)
	}
	if !found {
		t.Errorf("the key set has no such certificate: %+v", set)
	}
	if again := do(200, "GET", "/keys/signing/"+first["kid"].(string)); again["cert"] != first["cert"] {
		t.Error("the certificate is another one each time")
	}

	// A key that waits already, of one algorithm, stays and does not stop the others.
	waiting, err := oidc.RotateKeys(t.Context(), x.house.db, x.house.now(), x.house.settings.Tokens, administrator, "ES256")
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%d keys, %v", len(waiting), err)
	}
	made := do(201, "POST", "/keys/signing/rotate")
	if next := keys()["next"]; next["kid"] != made["kid"] || next["cert"] != made["cert"] || keys()["current"]["kid"] != first["kid"] {
		t.Errorf("made %v; next is %v", made, next)
	}
	if again, err := oidc.RotateKeys(t.Context(), x.house.db, x.house.now(), x.house.settings.Tokens, administrator); err != nil || len(again) != 0 {
		t.Errorf("where all algorithms have a next key: %d more, %v", len(again), err)
	}
	do(409, "POST", "/keys/signing/rotate")
	do(409, "PUT", "/keys/signing/"+made["kid"].(string)+"/revoke")
	do(409, "PUT", "/keys/signing/"+first["kid"].(string)+"/revoke")
	do(404, "PUT", "/keys/signing/none/revoke")
	do(404, "GET", "/keys/signing/none")

	old := x.signedToken("RS256", "read:signing_keys")
	x.clock.ahead += 2 * time.Hour
	clear(x.tokens)
	if now := keys(); now["current"]["kid"] != made["kid"] || now["previous"]["kid"] != first["kid"] {
		t.Errorf("after the overlap: %v", now)
	}
	if got := x.call(old, "GET", management.Base+"/keys/signing", nil); got.status != 200 {
		t.Errorf("with what the previous key signed: %+v", got)
	}
	if got := do(200, "PUT", "/keys/signing/"+first["kid"].(string)+"/revoke"); got["kid"] != first["kid"] {
		t.Errorf("revoked %v", got)
	}
	if gone := keys()["revoked"]; gone["kid"] != first["kid"] || gone["revoked_at"] == nil {
		t.Errorf("revoked: %v", gone)
	}
	if got := x.call(old, "GET", management.Base+"/keys/signing", nil); got.status != 401 {
		t.Errorf("with what the revoked key signed: %+v", got)
	}
	x.send(http.MethodGet, "/.well-known/jwks.json", "", nil, &set)
	for _, k := range set.Keys {
		if k.ID == first["kid"] {
			t.Error("a revoked key is published")
		}
	}
	for kind, want := range map[string]int{"key.rotated": 3, "key.revoked": 1} {
		if lines := x.events(kind); len(lines) != want || lines[0].Actor[:7] != "client:" {
			t.Errorf("%d lines %s", len(lines), kind)
		}
	}
	x.may("read:signing_keys", 403, "POST", "/keys/signing/rotate", "")
	x.may("update:signing_keys", 403, "GET", "/keys/signing", "")
}
