package auth0

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

var apiFields = []string{
	"id", "name", "identifier", "scopes", "token_lifetime", "token_lifetime_for_web", "signing_alg", "token_dialect", "is_system",
	"allow_offline_access", "skip_consent_for_verifiable_first_party_clients", "client_id", "client", "subject_type_authorization",
	"allow_online_access", "allow_online_access_with_ephemeral_sessions", "enforce_policies",
}

// An API is an audience, with what became of it.
type API struct {
	*storage.API
	Item Item
	// ForAll is true where every application that signs people in may ask for it, as it is
	// there without a word against it.
	ForAll bool
}

// APIs are the resource servers. One whose Item did not come over has no API.
func (t *Tenant) APIs() []*API {
	var list []*API
	for _, o := range t.objects["resourceServers"] {
		a := &API{Item: Item{Kind: "resourceServers", Name: o.name, Outcome: CameOver}}
		var there struct {
			Name       string          `json:"name"`
			Identifier string          `json:"identifier"`
			Scopes     []storage.Scope `json:"scopes"`
			Lifetime   int64           `json:"token_lifetime"`
			Alg        string          `json:"signing_alg"`
			Dialect    string          `json:"token_dialect"`
			System     bool            `json:"is_system"`
			Policies   bool            `json:"enforce_policies"`
			Subjects   struct {
				User struct {
					Policy string `json:"policy"`
				} `json:"user"`
			} `json:"subject_type_authorization"`
		}
		err := o.decode(&there)
		switch {
		case there.System:
			continue // its own; here it is there anyway
		case err != nil:
			a.Item = a.Item.Leave(err.Error())
			list = append(list, a)
			continue
		}
		a.API = &storage.API{
			Audience: there.Identifier, Name: cmp.Or(there.Name, there.Identifier), Scopes: there.Scopes, TokenFormat: "jwt", TokenTTL: there.Lifetime,
		}
		if a.Scopes == nil {
			a.Scopes = []storage.Scope{}
		}
		a.ForAll = there.Subjects.User.Policy == "" || there.Subjects.User.Policy == "allow_all"
		if there.Alg == "HS256" {
			a.Item.Note("access tokens are signed with a key pair, not HS256")
		}
		if there.Policies {
			a.Item.Note("permissions of roles are not enforced here: a script can")
		}
		o.others(apiFields, &a.Item)
		list = append(list, a)
	}
	return list
}

var grantFields = []string{"id", "client_id", "audience", "scope", "subject_type", "is_system", "allow_all_scopes"}

// A Grant lets an application have tokens of an API for itself.
type Grant struct {
	Client, Audience string // client by name or id
	Scopes           []string
	All              bool // of the API's scopes
	Item             Item
}

// Grants are the client grants.
func (t *Tenant) Grants() []Grant {
	var list []Grant
	for _, o := range t.objects["clientGrants"] {
		var there struct {
			Client   string   `json:"client_id"`
			Audience string   `json:"audience"`
			Scopes   []string `json:"scope"`
			Subject  string   `json:"subject_type"`
			All      bool     `json:"allow_all_scopes"`
		}
		g := Grant{Item: Item{Kind: "clientGrants", Name: o.name, Outcome: CameOver}}
		if err := o.decode(&there); err != nil {
			g.Item = g.Item.Leave(err.Error())
			list = append(list, g)
			continue
		}
		g.Client, g.Audience, g.Scopes, g.All = there.Client, there.Audience, there.Scopes, there.All
		g.Item.Name = there.Client + " → " + there.Audience
		if there.Subject == "user" {
			g.Scopes, g.All = nil, false
			g.Item.Note("it is for people: the application may ask for the API, with any scope")
		}
		o.others(grantFields, &g.Item)
		list = append(list, g)
	}
	return list
}

// Unknown is which of scopes an API does not have.
func Unknown(api *storage.API, scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return slices.ContainsFunc(api.Scopes, func(s storage.Scope) bool { return s.Value == scope })
	})
}

// Cut leaves the scopes out that the API does not have, and says so; where all are meant,
// they are those that it has now.
func (g *Grant) Cut(api *storage.API) {
	if g.All {
		g.Scopes = nil
		for _, s := range api.Scopes {
			g.Scopes = append(g.Scopes, s.Value)
		}
		return
	}
	unknown := Unknown(api, g.Scopes)
	if len(unknown) == 0 {
		return
	}
	g.Item.Note(fmt.Sprintf("without the scopes %v, which the API does not have", unknown))
	g.Scopes = slices.DeleteFunc(slices.Clone(g.Scopes), func(s string) bool { return slices.Contains(unknown, s) })
}
