package management

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// users are the people who can sign in.
func (a *API) users() {
	op(a, operation{method: http.MethodGet, path: "/users", scopes: []string{"read:users", "read:user_idp_tokens"}, summary: "Search users"}, a.listUsers)
	op(a, operation{method: http.MethodGet, path: "/users-by-email", scopes: []string{"read:users"}, summary: "The user with an e-mail address"}, a.usersByEmail)
	op(a, operation{method: http.MethodPost, path: "/users", scopes: []string{"create:users"}, summary: "Add a user", status: http.StatusCreated, conflict: true}, a.createUser)
	op(a, operation{method: http.MethodGet, path: "/users/{id}", scopes: []string{"read:users"}, summary: "One user", missing: true}, a.user)
	op(a, operation{method: http.MethodPatch, path: "/users/{id}", scopes: []string{"update:users", "update:users_app_metadata"}, summary: "Change a user", missing: true, conflict: true}, a.patchUser)
	op(a, operation{method: http.MethodDelete, path: "/users/{id}", scopes: []string{"delete:users"}, summary: "Remove a user for good", status: http.StatusNoContent}, a.deleteUser)
}

// A userView is a user as the API shows one.
type userView struct {
	UserID        string          `json:"user_id"`
	Username      string          `json:"username,omitempty"`
	Email         string          `json:"email,omitempty"`
	EmailVerified bool            `json:"email_verified"`
	PhoneNumber   string          `json:"phone_number,omitempty"`
	PhoneVerified bool            `json:"phone_verified,omitempty"`
	Name          string          `json:"name,omitempty"`
	GivenName     string          `json:"given_name,omitempty"`
	FamilyName    string          `json:"family_name,omitempty"`
	Nickname      string          `json:"nickname,omitempty"`
	Picture       string          `json:"picture,omitempty"`
	UserMetadata  json.RawMessage `json:"user_metadata,omitempty"`
	AppMetadata   json.RawMessage `json:"app_metadata,omitempty"`
	Blocked       bool            `json:"blocked,omitempty"`
	Identities    []identity      `json:"identities"`
	Multifactor   []string        `json:"multifactor,omitempty" doc:"guardian, duo: what second factors there are"`
	LastLogin     time.Time       `json:"last_login,omitzero"`
	LastIP        string          `json:"last_ip,omitempty" doc:"not in lists"`
	LoginsCount   int64           `json:"logins_count,omitempty"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
}

// An identity is the register that a user is in: there is one.
type identity struct {
	Connection string `json:"connection"`
	UserID     string `json:"user_id"`
	Provider   string `json:"provider"`
	IsSocial   bool   `json:"isSocial"`
}

// idPrefix begins the ids of users that came from Auth0, or were given by a caller.
const idPrefix = "auth0|"

// viewUser shows u. Who has no user name of their own has their e-mail address for one.
func (a *API) viewUser(u *storage.User) *userView {
	v := &userView{
		UserID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified, PhoneNumber: u.PhoneNumber,
		PhoneVerified: u.PhoneNumberVerified, Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Nickname: u.Nickname,
		Picture: u.Picture, UserMetadata: u.UserMetadata, AppMetadata: u.AppMetadata, Blocked: u.Blocked,
		Identities: []identity{{Connection: a.Connection, UserID: strings.TrimPrefix(u.ID, idPrefix), Provider: "auth0"}},
		CreatedAt:  u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	if u.Username == u.Email || u.Username == u.PhoneNumber {
		v.Username = ""
	}
	return v
}

// viewUsers shows users with what other tables say of them.
func (a *API) viewUsers(ctx context.Context, found []*storage.FoundUser) ([]*userView, error) {
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.User.ID
	}
	has, err := a.DB.FactorsOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	views := make([]*userView, len(found))
	for i, f := range found {
		v := a.viewUser(&f.User)
		v.LoginsCount, v.LastLogin, v.Multifactor = f.Logins, f.LastLogin, a.multifactor(has[f.User.ID])
		views[i] = v
	}
	return views, nil
}

// multifactor names second factors as Auth0's user has them: ours are all Guardian's.
func (a *API) multifactor(names []string) []string {
	var all []string
	for _, name := range names {
		if name == factors.Password || !a.Factors.Info(name).Second {
			continue
		}
		if name != "duo" {
			name = "guardian"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A UserPath names a user. (Embedded parameters have to be exported: the framework sees no others.)
type UserPath struct {
	ID string `path:"id" maxLength:"256"`
}

func (a *API) user(ctx context.Context, in *struct {
	UserPath
	Picked
},
) (*struct{ Body *userView }, error) {
	v, err := a.viewedUser(ctx, in.ID)
	return &struct{ Body *userView }{v}, err
}

// viewedUser is all that the API shows of a user. Errors: a 404.
func (a *API) viewedUser(ctx context.Context, id string) (*userView, error) {
	found, err := a.DB.SearchUsers(ctx, storage.UserSearch{Where: is("user_id", id), Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, missing("user", "The user does not exist.")
	}
	views, err := a.viewUsers(ctx, found)
	if err != nil {
		return nil, err
	}
	last, err := a.DB.Events(ctx, storage.EventFilter{Type: "login.done", UserID: id, Limit: 1})
	if err == nil && len(last) > 0 {
		views[0].LastIP = last[0].Address
	}
	return views[0], err
}

// is the condition that a field has a value.
func is(field string, value any) *storage.Condition {
	return &storage.Condition{Test: &storage.Test{Field: field, Is: value}}
}

// userByID finds a user. Errors: a 404.
func (a *API) userByID(ctx context.Context, id string) (*storage.User, error) {
	u, err := a.DB.UserByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("user", "The user does not exist.")
	}
	return u, err
}

// userByEmail finds the user with an address. Errors: a 404, for a user name too.
func (a *API) userByEmail(ctx context.Context, address string) (*storage.User, error) {
	u, err := a.byName(ctx, address)
	if err == nil && (u == nil || storage.Normalise(u.Email) != storage.Normalise(address)) {
		return nil, missing("user", "The user does not exist.")
	}
	return u, err
}

func (a *API) deleteUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	u, err := a.userByID(ctx, in.ID)
	return nil, a.remove(ctx, u, err)
}

// remove removes the user that a look-up found, or did not: that is no error, and no event.
func (a *API) remove(ctx context.Context, u *storage.User, err error) error {
	switch {
	case isMissing(err):
		return nil
	case err != nil:
		return err
	}
	return a.change(ctx, storage.Event{Type: "user.deleted", UserID: u.ID}, func(ctx context.Context) error { return a.DB.DeleteUser(ctx, u.ID) })
}
