package management

import (
	"context"
	"net/http"
	"path"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

func (a *API) listUsers(ctx context.Context, in *struct {
	Paging
	Picked
	Q          string `query:"q" maxLength:"8000" doc:"the part of Lucene's language that management-api.md lists"`
	Sort       string `query:"sort" maxLength:"100" pattern:"^[a-z_]+:-?1$" patternDescription:"field:1 or field:-1"`
	Connection string `query:"connection" maxLength:"128"`
	Engine     string `query:"search_engine" enum:"v1,v2,v3" doc:"of no meaning: there is one"`
	Primary    bool   `query:"primary_order" doc:"of no meaning"`
},
) (*listed[*userView], error) {
	where, err := parseSearch(in.Q, a.userTerm)
	if err != nil {
		return nil, err
	}
	s := storage.UserSearch{Where: where, Offset: in.Page * in.size(), Limit: in.size()}
	if field, order, ok := strings.Cut(in.Sort, ":"); ok {
		if kind := storage.UserField(field); kind == 0 || kind == storage.JSONField {
			return nil, refusal(http.StatusBadRequest, "invalid_query_string", "Query validation error: sort: users are not sorted by "+field)
		}
		s.Sort, s.Descending = field, order == "-1"
	}
	if in.Connection != "" && in.Connection != a.Connection {
		return &listed[*userView]{&List[*userView]{Key: "users", Paging: in.Paging}}, nil
	}
	found, err := a.DB.SearchUsers(ctx, s)
	if err != nil {
		return nil, err
	}
	page := &List[*userView]{Key: "users", Paging: in.Paging}
	if in.Totals {
		if page.Total, err = a.DB.CountUsers(ctx, where); err != nil {
			return nil, err
		}
	}
	page.Items, err = a.viewUsers(ctx, found)
	return &listed[*userView]{page}, err
}

func (a *API) usersByEmail(ctx context.Context, in *struct {
	Picked
	Email string `query:"email" required:"true" minLength:"1" maxLength:"320"`
},
) (*struct{ Body []*userView }, error) {
	found, err := a.DB.SearchUsers(ctx, storage.UserSearch{Where: is("email", in.Email)})
	if err != nil {
		return nil, err
	}
	views, err := a.viewUsers(ctx, found)
	return &struct{ Body []*userView }{views}, err
}

// searched are the fields that a word without a field is looked for in.
var searched = []string{"email", "username", "name", "nickname", "given_name", "family_name"}

// userTerm is what fields of users mean in a search.
func (a *API) userTerm(field string, l literal) (storage.Condition, string) {
	switch field {
	case "":
		var c storage.Condition
		for _, name := range searched {
			one, why := compared(name, storage.TextField, l)
			if why != "" {
				return c, "a word without a field has no range; write field:value"
			}
			c.Any = append(c.Any, one)
		}
		return c, ""
	case "identities.connection", "connection":
		return fixed(a.Connection, l), ""
	case "identities.provider":
		return fixed("auth0", l), ""
	case "identities.isSocial":
		return fixed("false", l), ""
	case "identities.user_id":
		own, why := compared("user_id", storage.TextField, l)
		l.text = idPrefix + l.text
		given, _ := compared("user_id", storage.TextField, l)
		return storage.Condition{Any: []storage.Condition{own, given}}, why
	case "email.domain":
		if !l.span && !l.exists {
			l.text, l.wild = "*@"+l.text, true
		}
		return compared("email", storage.TextField, l)
	}
	return compared(field, storage.UserField(field), l)
}

// fixed compares what is the same for every user.
func fixed(value string, l literal) storage.Condition {
	hit := l.exists || l.text == value
	if l.wild {
		hit, _ = path.Match(l.text, value)
	}
	if hit && !l.span {
		return storage.Condition{}
	}
	return storage.Condition{Not: &storage.Condition{}}
}
