package management

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// userBlocks are lock-outs after too many wrong answers, not what an administrator blocked.
func (a *API) userBlocks() {
	op(a, operation{method: http.MethodGet, path: "/user-blocks", scopes: []string{"read:users"}, summary: "Where a name is locked out"}, a.blocksOfName)
	op(a, operation{method: http.MethodDelete, path: "/user-blocks", scopes: []string{"update:users"}, summary: "Let a name try again", status: http.StatusNoContent}, a.unblockName)
	op(a, operation{method: http.MethodGet, path: "/user-blocks/{id}", scopes: []string{"read:users"}, summary: "Where a user is locked out", missing: true}, a.blocksOfUser)
	op(a, operation{method: http.MethodDelete, path: "/user-blocks/{id}", scopes: []string{"update:users"}, summary: "Let a user try again", status: http.StatusNoContent, missing: true}, a.unblockUser)
}

type blocks struct {
	BlockedFor []block `json:"blocked_for"`
}

// A block is one lock-out.
type block struct {
	Identifier string `json:"identifier"`
	IP         string `json:"ip,omitempty" doc:"address or network of the tries; none: it holds everywhere"`
	Connection string `json:"connection"`
}

// A Named is the parameter that names a user as they name themselves.
type Named struct {
	Identifier string `query:"identifier" required:"true" minLength:"1" maxLength:"320" doc:"user name, e-mail address or phone number"`
}

// A BruteForce is a parameter of Auth0's without a meaning here.
type BruteForce struct {
	Consider bool `query:"consider_brute_force_enablement" doc:"of no meaning: lock-outs are always on"`
}

func (a *API) blocksOfName(ctx context.Context, in *struct {
	Named
	BruteForce
},
) (*struct{ Body *blocks }, error) {
	u, err := a.byName(ctx, in.Identifier)
	if err != nil {
		return nil, err
	}
	return a.blocks(ctx, u, in.Identifier)
}

func (a *API) blocksOfUser(ctx context.Context, in *struct {
	UserPath
	BruteForce
},
) (*struct{ Body *blocks }, error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	identifier := u.Email
	if identifier == "" {
		identifier = u.Username
	}
	return a.blocks(ctx, u, identifier)
}

// byName finds a user by what they sign in with, nil for nobody.
func (a *API) byName(ctx context.Context, typed string) (*storage.User, error) {
	u, err := a.DB.UserByLogin(ctx, typed)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return u, err
}

func (a *API) blocks(ctx context.Context, u *storage.User, identifier string) (*struct{ Body *blocks }, error) {
	found, err := a.Flows.Lockouts(ctx, u, identifier)
	if err != nil {
		return nil, err
	}
	all := &blocks{BlockedFor: []block{}}
	seen := map[flows.Lockout]bool{}
	for _, l := range found {
		l.Kind = "" // one line, whatever is locked
		if !seen[l] {
			all.BlockedFor = append(all.BlockedFor, block{Identifier: identifier, IP: l.Network, Connection: a.Connection})
		}
		seen[l] = true
	}
	return &struct{ Body *blocks }{all}, nil
}

func (a *API) unblockName(ctx context.Context, in *Named) (*struct{}, error) {
	u, err := a.byName(ctx, in.Identifier)
	if err != nil {
		return nil, err
	}
	return nil, a.unlock(ctx, u, in.Identifier)
}

func (a *API) unblockUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.unlock(ctx, u, "")
}

func (a *API) unlock(ctx context.Context, u *storage.User, typed string) error {
	e := &storage.Event{Type: "user.unlocked"}
	if u != nil {
		e.UserID = u.ID
	}
	a.desk(ctx).sign(e)
	return a.Flows.Unlock(ctx, u, typed, e)
}
