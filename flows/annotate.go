package flows

import (
	"encoding/json"
	"slices"
)

// annotate puts what scripts noted about the person into l.user, to be stored with the
// login when that has succeeded: a second try finds nothing that a failed one noted
// (B-17). It reports whether there was anything.
func (l *login) annotate(s *scripted) bool {
	changed := patch(&l.user.UserMetadata, s.UserMetadata)
	return patch(&l.user.AppMetadata, s.AppMetadata) || changed
}

// annotated names what scripts noted.
func (s *scripted) annotated() []string {
	var names []string
	for name := range s.UserMetadata {
		names = append(names, "user_metadata."+name)
	}
	for name := range s.AppMetadata {
		names = append(names, "app_metadata."+name)
	}
	slices.Sort(names)
	return names
}

// patch sets the members of an object; null removes one (RFC 7396, one level deep).
func patch(text *json.RawMessage, members map[string]any) bool {
	if len(members) == 0 {
		return false
	}
	all := map[string]any{}
	if len(*text) > 0 {
		if err := json.Unmarshal(*text, &all); err != nil {
			return false // it was no object: nothing of ours
		}
		if all == nil { // it was null
			all = map[string]any{}
		}
	}
	for name, value := range members {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		return false
	}
	*text = b
	return true
}
