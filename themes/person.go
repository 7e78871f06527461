package themes

import (
	"encoding/json"
	"strings"
)

// A Person is whom a mail is for, as templates may name them.
type Person struct {
	Email, Username                       string
	Name, GivenName, FamilyName, Nickname string
	Picture                               string // shown where it is an https address
	// EmailVerified: they have shown that the mailbox is theirs. Of others, who may have
	// been signed up by somebody else, no name is told that reads like an address.
	EmailVerified bool
	Metadata      json.RawMessage // user_metadata: an object
}

// maxMetadata is how much of it, in bytes, templates see.
const maxMetadata = 16 << 10

// values are what is known of p, by Auth0's names.
func (p Person) values() map[string]any {
	all := map[string]any{"email_verified": p.EmailVerified}
	for key, text := range map[string]string{
		"username": p.Username, "name": p.Name, "given_name": p.GivenName, "family_name": p.FamilyName, "nickname": p.Nickname,
	} {
		if text = p.told(text); text != "" {
			all[key] = text
		}
	}
	if p.Email != "" {
		all["email"] = p.Email
	}
	if p.EmailVerified && strings.HasPrefix(p.Picture, "https://") {
		all["picture"] = p.Picture
	}
	var metadata map[string]any
	if len(p.Metadata) <= maxMetadata && json.Unmarshal(p.Metadata, &metadata) == nil && len(metadata) > 0 {
		all["user_metadata"] = p.tame(metadata)
	}
	return all
}

// told is text, or "" where it must not be told.
func (p Person) told(text string) string {
	if !p.EmailVerified && text != p.Email && plainName(text) == "" || len(text) > maxValue {
		return ""
	}
	return text
}

// tame is told for all texts in v.
func (p Person) tame(v any) any {
	switch v := v.(type) {
	case string:
		return p.told(v)
	case []any:
		for i := range v {
			v[i] = p.tame(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = p.tame(v[key])
		}
	}
	return v
}
