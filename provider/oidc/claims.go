package oidc

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	maxClaims      = 8 << 10
	maxClaimsAsked = 64
)

// claimsAsked are the names of the claims that the `claims` parameter asks for beside
// those of the scopes (OpenID Connect Core §5.5), the ones that we know.
type claimsAsked struct {
	IDToken  []string `json:"i,omitempty"`
	Userinfo []string `json:"u,omitempty"`
}

// A claimsRequest is a `claims` parameter with what it means for the login.
type claimsRequest struct {
	asked        claimsAsked
	acr          []string // wanted values, best first
	essentialACR bool
	subject      string // only this user will do (§5.5.1)
}

// parseClaims reads the parameter. Claims and members that we do not know are ignored.
func parseClaims(text string) (*claimsRequest, error) {
	refused := invalidRequest("claims has to be a JSON object with id_token and userinfo (OpenID Connect Core 5.5), of at most 8192 bytes.")
	if len(text) > maxClaims || shape(text) > 8 {
		return nil, refused
	}
	type member struct {
		Essential bool              `json:"essential"`
		Value     json.RawMessage   `json:"value"`
		Values    []json.RawMessage `json:"values"`
	}
	var parsed struct {
		IDToken  map[string]*member `json:"id_token"`
		Userinfo map[string]*member `json:"userinfo"`
	}
	if err := json.Unmarshal([]byte(text), &parsed); err != nil || text[0] != '{' {
		return nil, refused
	}
	if len(parsed.IDToken)+len(parsed.Userinfo) > maxClaimsAsked {
		return nil, invalidRequest("claims asks for more than 64 claims.")
	}
	c := &claimsRequest{}
	c.asked.IDToken, c.asked.Userinfo = known(parsed.IDToken), known(parsed.Userinfo)
	if m := parsed.IDToken["acr"]; m != nil {
		c.acr, c.essentialACR = texts(append([]json.RawMessage{m.Value}, m.Values...)), m.Essential
	}
	for _, part := range []map[string]*member{parsed.IDToken, parsed.Userinfo} {
		m := part["sub"]
		if m == nil || m.Value == nil {
			continue
		}
		values := texts([]json.RawMessage{m.Value})
		if len(values) != 1 || c.subject != "" && c.subject != values[0] {
			return nil, invalidRequest("claims asks for a sub that is not one string.")
		}
		c.subject = values[0]
	}
	return c, nil
}

// shape is how deep text nests, without parsing it.
func shape(text string) int {
	depth, deepest := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
	}
	return deepest
}

func known[V any](asked map[string]V) []string {
	names := slices.Sorted(maps.Keys(asked))
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(claimNames, name) })
}

// texts keeps the JSON values that are strings.
func texts(raw []json.RawMessage) []string {
	var values []string
	for _, r := range raw {
		var s string
		if len(r) > 0 && json.Unmarshal(r, &s) == nil && s != "" {
			values = append(values, s)
		}
	}
	return values
}

// scopeClaims are the claims that a scope stands for (OpenID Connect Core §5.4).
var scopeClaims = map[string][]string{
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"phone":   {"phone_number", "phone_number_verified"},
	"address": {"address"},
}

// claimNames are all claims about people that we have.
var claimNames = func() []string {
	var names []string
	for _, claims := range scopeClaims {
		names = append(names, claims...)
	}
	slices.Sort(names)
	return names
}()

// userClaims are the claims of u that the scopes and names ask for. What u does not
// have is left out (§5.3.2).
func userClaims(u *storage.User, scopes, names []string) map[string]any {
	wanted := slices.Clone(names)
	for _, s := range scopes {
		wanted = append(wanted, scopeClaims[s]...)
	}
	claims := map[string]any{}
	for _, name := range wanted {
		if value := claimOf(u, name); value != nil {
			claims[name] = value
		}
	}
	return claims
}

// claimOf is one claim, nil where u has none.
func claimOf(u *storage.User, name string) any {
	switch name {
	case "updated_at":
		return u.UpdatedAt.Unix()
	case "email_verified":
		if u.Email != "" {
			return u.EmailVerified
		}
		return nil
	case "phone_number_verified":
		if u.PhoneNumber != "" {
			return u.PhoneNumberVerified
		}
		return nil
	case "address":
		if u.Address != nil {
			return u.Address
		}
		return nil
	}
	text := map[string]string{
		"name": u.Name, "family_name": u.FamilyName, "given_name": u.GivenName, "middle_name": u.MiddleName,
		"nickname": u.Nickname, "preferred_username": firstOf(u.PreferredUsername, u.Username), "profile": u.Profile,
		"picture": u.Picture, "website": u.Website, "gender": u.Gender, "birthdate": u.Birthdate,
		"zoneinfo": u.Zoneinfo, "locale": u.Locale, "email": u.Email, "phone_number": u.PhoneNumber,
	}[name]
	if text == "" {
		return nil
	}
	return text
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
