package management

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// users are the people who can sign in.
func (a *API) users() {
	op(a, operation{method: http.MethodGet, path: "/users/{id}", scopes: []string{"read:users"}, summary: "One user", missing: true}, a.user)
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

func (a *API) viewUser(u *storage.User) *userView {
	return &userView{
		UserID: u.ID, Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified, PhoneNumber: u.PhoneNumber,
		PhoneVerified: u.PhoneNumberVerified, Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Nickname: u.Nickname,
		Picture: u.Picture, UserMetadata: u.UserMetadata, AppMetadata: u.AppMetadata, Blocked: u.Blocked,
		Identities: []identity{{Connection: a.Connection, UserID: u.ID, Provider: "auth0"}},
		CreatedAt:  u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
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
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body *userView }{a.viewUser(u)}, nil
}

// userByID finds a user. Errors: a 404.
func (a *API) userByID(ctx context.Context, id string) (*storage.User, error) {
	u, err := a.DB.UserByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("user", "The user does not exist.")
	}
	return u, err
}

func (a *API) deleteUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	return nil, a.change(ctx, storage.Event{Type: "user.deleted", UserID: in.ID}, func(ctx context.Context) error {
		return a.DB.DeleteUser(ctx, in.ID)
	})
}
