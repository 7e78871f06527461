package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
)

// trial is the job of one script, a person and what of their sign-in is given.
func (h *house) trial(ctx context.Context, s rules.Script, u *storage.User, clientID string, more map[string]any) (rules.Job, error) {
	client := &storage.Client{ID: "cli_trial", Name: "Trial"}
	if clientID != "" {
		var err error
		if client, err = h.db.ClientByID(ctx, clientID); err != nil {
			return rules.Job{}, named(err, "client", clientID)
		}
	}
	now := h.now()
	user, about, event := trialFacts(u, client, now)
	facts, secrets := event, "secrets"
	if s.Kind == rules.Rule {
		facts, secrets = about, "configuration"
		override(user, members(more["user"]))
		delete(more, "user")
	}
	s.Secrets = map[string]string{}
	for key, value := range members(more[secrets]) {
		s.Secrets[key] = fmt.Sprint(value)
	}
	delete(more, secrets)
	override(facts, more)
	job := rules.Job{Scripts: []rules.Script{s}, CanRedirect: true, Issuer: h.settings.Issuer, Now: now}
	for into, value := range map[*json.RawMessage]any{&job.User: user, &job.Context: about, &job.Event: event} {
		b, err := json.Marshal(value)
		if err != nil {
			return job, fmt.Errorf("rules: the facts of a trial: %w", err)
		}
		*into = b
	}
	return job, nil
}

// override puts members of with into base, objects member by member.
func override(base, with map[string]any) {
	for name, value := range with {
		inner, both := base[name].(map[string]any)
		if deeper, ok := value.(map[string]any); ok && both {
			override(inner, deeper)
			continue
		}
		base[name] = value
	}
}

// members are those of an object; anything else has none.
func members(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// trialFacts are what scripts see where somebody signs in to client with their password
// at now.
func trialFacts(u *storage.User, client *storage.Client, now time.Time) (user, about, event map[string]any) {
	user = map[string]any{
		"user_id": u.ID, "username": u.Username, "email": u.Email, "email_verified": u.EmailVerified, "name": u.Name,
		"given_name": u.GivenName, "family_name": u.FamilyName, "nickname": u.Nickname, "phone_number": u.PhoneNumber,
		"created_at": u.CreatedAt, "updated_at": u.UpdatedAt, "user_metadata": asObject(u.UserMetadata), "app_metadata": asObject(u.AppMetadata),
		"multifactor": []string{}, "identities": []any{},
	}
	request := func() map[string]any {
		return map[string]any{"ip": "192.0.2.1", "hostname": "id.example.com", "query": map[string]any{}, "body": map[string]any{}, "geoip": map[string]any{}}
	}
	about = map[string]any{
		"clientID": client.ID, "clientName": client.Name, "clientMetadata": map[string]any{}, "connection": "database", "connectionStrategy": "auth0",
		"protocol": "oidc-basic-profile", "request": request(), "stats": map[string]any{"loginsCount": 1},
		"authentication": map[string]any{"methods": []any{map[string]any{"name": "pwd", "timestamp": now.UnixMilli()}}},
		"authorization":  map[string]any{"roles": []string{}},
		"idToken":        map[string]any{}, "accessToken": map[string]any{},
	}
	person := maps.Clone(user)
	person["enrolledFactors"] = []any{}
	event = map[string]any{
		"user": person, "client": map[string]any{"client_id": client.ID, "name": client.Name, "metadata": map[string]any{}},
		"connection": map[string]any{"name": "database", "strategy": "auth0"}, "request": request(), "stats": map[string]any{"logins_count": 1},
		"authentication": map[string]any{"methods": []any{map[string]any{"name": "pwd", "timestamp": now}}},
		"authorization":  map[string]any{"roles": []string{}},
		"transaction": map[string]any{
			"protocol": "oidc-basic-profile", "acr_values": []string{}, "requested_scopes": []string{"openid"}, "metadata": map[string]any{},
		},
	}
	return user, about, event
}

func asObject(b json.RawMessage) map[string]any {
	object := map[string]any{}
	_ = json.Unmarshal(b, &object) // what is no object has no members
	return object
}
