package auth0

import (
	"cmp"

	"github.com/sallyport-id/sallyport/storage"
)

var organizationFields = []string{"id", "name", "display_name", "metadata", "members"}

// An Organization is one with its members, where the export has them.
type Organization struct {
	*storage.Organization
	Members []Member
	Item    Item
}

// A Member is a person by what is said of them.
type Member struct {
	UserID string   `json:"user_id"`
	Email  string   `json:"email"`
	Roles  []string `json:"roles"`
}

// Organizations are the organizations. One whose Item did not come over has none.
func (t *Tenant) Organizations() []*Organization {
	var list []*Organization
	for _, o := range t.objects["organizations"] {
		org := &Organization{Item: Item{Kind: "organizations", Name: o.name, Outcome: CameOver}}
		var there struct {
			ID          string            `json:"id"`
			Name        string            `json:"name"`
			DisplayName string            `json:"display_name"`
			Metadata    map[string]string `json:"metadata"`
			Members     []Member          `json:"members"`
		}
		if err := o.decode(&there); err != nil {
			org.Item = org.Item.Leave(err.Error())
		} else {
			org.Organization = &storage.Organization{
				ID: there.ID, Name: there.Name, DisplayName: cmp.Or(there.DisplayName, there.Name), Metadata: there.Metadata,
			}
			if there.ID == "" {
				org.ID = storage.NewID("org")
			}
			org.Members = there.Members
			o.others(organizationFields, &org.Item)
		}
		list = append(list, org)
	}
	return list
}
