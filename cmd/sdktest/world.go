package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// A world is what a program is told, as a JSON file that SDKTEST_WORLD names.
type world struct {
	Domain  string            `json:"domain"` // as SDKs take it: host and port
	Issuer  string            `json:"issuer"`
	CA      string            `json:"ca"`   // file of the certificate in PEM
	Key     string            `json:"key"`  // and of its private key, for applications that serve themselves
	Desk    string            `json:"desk"` // address of the desk
	API     string            `json:"api"`  // audience with the scopes read and write
	Clients map[string]client `json:"clients"`
	People  map[string]person `json:"people"`
	// Ports of this machine that clients are registered with, so that the programs can
	// be the applications.
	Web string `json:"web"` // https://localhost:PORT
	SPA string `json:"spa"`
}

type client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret,omitempty"`
}

type person struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Password string `json:"password"`
	TOTP     string `json:"totp,omitempty"` // key of the authenticator app, base32
}

const api = "https://api.sdktest.example/"

// people are the accounts, a pair for each program, so that none finds what another
// left: one with a password only, and one with an authenticator app beside it.
var people = []string{"go", "node", "js", "express", "spa"}

// scopes are those of the Management API that its programs ask for.
var scopes = func() (all []string) {
	for noun, verbs := range map[string]string{
		"users": "crud", "users_app_metadata": "crud", "user_tickets": "c", "authentication_methods": "crud", "sessions": "rud", "refresh_tokens": "rud",
		"clients": "crud", "client_keys": "ru", "client_credentials": "crud", "client_grants": "crud", "resource_servers": "crud",
		"connections": "crud", "connections_keys": "cru", "rules": "crud", "rules_configs": "rud", "actions": "crud", "roles": "crud", "role_members": "cr",
		"organizations": "crud", "organization_members": "crd", "organization_member_roles": "crd", "organization_invitations": "crd",
		"organization_connections": "crud", "organization_client_grants": "crd", "logs": "r", "logs_users": "r", "log_streams": "crud",
		"tenant_settings": "ru", "branding": "ru", "prompts": "ru", "attack_protection": "ru", "signing_keys": "ru", "stats": "r",
		"guardian_factors": "ru", "mfa_policies": "ru", "guardian_enrollments": "rd", "guardian_enrollment_tickets": "c",
		"email_provider": "crud", "email_templates": "cru", "device_credentials": "rd", "grants": "rd", "anomaly_blocks": "rd",
	} {
		for _, v := range verbs {
			all = append(all, map[rune]string{'c': "create", 'r': "read", 'u': "update", 'd': "delete"}[v]+":"+noun)
		}
	}
	return all
}()

// fill makes the clients, APIs and people.
func (h *house) fill(ctx context.Context) error {
	var ports [2]string
	var err error
	for i := range ports {
		port, portErr := freePort()
		ports[i], err = "https://localhost:"+port, errors.Join(err, portErr)
	}
	h.world.API, h.world.Web, h.world.SPA = api, ports[0], ports[1]
	err = errors.Join(err, h.verb(ctx, nil, "keys", "generate", "--out", filepath.Join(h.dir, "keyset")))
	for _, args := range [][]string{
		{"migrate"},
		{"policy", "set", "never"}, {"tenant", "signup", "on"},
		{"factor", "enable", "otp"}, {"factor", "enable", "sms"}, {"factor", "enable", "email"}, {"factor", "enable", "recovery-code"},
		{"api", "create", api, "--name", "Orders", "--scope", "read=See your orders", "--scope", "write=Change your orders"},
	} {
		err = errors.Join(err, h.verb(ctx, nil, args...))
	}
	if err != nil {
		return err
	}
	if err := errors.Join(h.fillClients(ctx), h.fillRule(ctx), h.fillPeople(ctx)); err != nil {
		return err
	}
	text, err := json.Marshal(h.world)
	if err != nil {
		return err
	}
	return os.WriteFile(h.worldFile(), text, 0o600)
}

func (h *house) worldFile() string { return filepath.Join(h.dir, "world.json") }

func (h *house) fillClients(ctx context.Context) (err error) {
	h.world.Clients = map[string]client{}
	const grants = "http://auth0.com/oauth/grant-type/"
	signsIn := []string{
		"--grant", "authorization_code", "--grant", "refresh_token", "--first-party",
		"--audience", api + "=read write",
	}
	secret := append([]string{
		"--redirect-uri", h.world.Web + "/callback", "--post-logout-redirect-uri", h.world.Web, "--pkce=false",
		"--auth-method", "client_secret_post", "--grant", "password", "--grant", grants + "password-realm",
	}, signsIn...)
	spa := append([]string{
		"--redirect-uri", h.world.SPA + "/auth0-spa-js", "--post-logout-redirect-uri", h.world.SPA + "/auth0-spa-js",
		"--redirect-uri", h.world.SPA + "/auth0-js", "--post-logout-redirect-uri", h.world.SPA + "/auth0-js",
		"--auth-method", "none",
	}, signsIn...)
	mfa := []string{"--grant", grants + "mfa-otp", "--grant", grants + "mfa-oob", "--grant", grants + "mfa-recovery-code"}
	for name, args := range map[string][]string{
		"machine": {"--grant", "client_credentials", "--auth-method", "client_secret_post", "--audience", api + "=read write"},
		"web":     secret,
		"strong":  slices.Concat(secret, mfa, []string{"--policy", "always"}),
		"spa":     spa,
		"stepup":  slices.Concat(spa, mfa), // the rule asks it for more
		"admin":   {"--grant", "client_credentials", "--auth-method", "client_secret_post", "--audience", h.world.Issuer + "api/v2/=" + strings.Join(scopes, " ")},
	} {
		var made client
		err = errors.Join(err, h.verb(ctx, &made, append([]string{"client", "create", "--name", name}, args...)...))
		h.world.Clients[name] = made
	}
	return err
}

// fillRule makes a rule that asks for a second factor where a client refreshes, so that
// its SDK meets mfa_required.
func (h *house) fillRule(ctx context.Context) error {
	text := fmt.Sprintf(`function (user, context, callback) {
  if (context.clientID === %q && context.protocol === "oauth2-refresh-token") {
    context.multifactor = { provider: "any", allowRememberBrowser: false };
  }
  callback(null, user, context);
}`, h.world.Clients["stepup"].ID)
	path := filepath.Join(h.dir, "rule.js")
	return errors.Join(os.WriteFile(path, []byte(text), 0o600), h.verb(ctx, nil, "rules", "put", "step up", path))
}

func (h *house) fillPeople(ctx context.Context) error {
	const password = "correct horse battery staple"
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	h.world.People = map[string]person{}
	var lines bytes.Buffer
	e := json.NewEncoder(&lines)
	for _, name := range people {
		key := make([]byte, 20)
		_, _ = rand.Read(key) // never fails (crypto/rand)
		plain := person{Username: name, Email: name + "@sdktest.example", Password: password}
		strong := person{Username: name + "-mfa", Email: name + "-mfa@sdktest.example", Password: password, TOTP: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)}
		for _, p := range []person{plain, strong} {
			h.world.People[p.Username] = p
			if err := e.Encode(map[string]any{
				"username": p.Username, "email": p.Email, "email_verified": true, "name": p.Username,
				"password_hash": string(hash), "totp_secret": p.TOTP,
			}); err != nil {
				return err
			}
		}
	}
	path := filepath.Join(h.dir, "people.jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		return err
	}
	return h.verb(ctx, nil, "user", "import", path)
}
