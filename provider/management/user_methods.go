package management

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// userMethods are what people prove themselves with.
func (a *API) userMethods() {
	const all, one = "/users/{id}/authentication-methods", "/users/{id}/authentication-methods/{method}"
	scope := func(verb string) []string { return []string{verb + ":authentication_methods"} }
	op(a, operation{method: http.MethodGet, path: all, scopes: scope("read"), summary: "What a user proves themselves with", missing: true}, a.listMethods)
	op(a, operation{method: http.MethodPost, path: all, scopes: scope("create"), summary: "Add a method that needs no confirmation", status: http.StatusCreated, missing: true, conflict: true}, a.createMethod)
	op(a, operation{method: http.MethodPut, path: all, scopes: scope("update"), summary: "Replace all numbers, addresses and apps", missing: true, conflict: true}, a.replaceMethods)
	op(a, operation{method: http.MethodDelete, path: all, scopes: scope("delete"), summary: "Remove all methods but the password", status: http.StatusNoContent, missing: true, conflict: true}, a.removeAll)
	op(a, operation{method: http.MethodGet, path: one, scopes: scope("read"), summary: "One method", missing: true}, a.oneMethod)
	op(a, operation{method: http.MethodPatch, path: one, scopes: scope("update"), summary: "Rename a method", missing: true, conflict: true}, a.patchMethod)
	op(a, operation{method: http.MethodDelete, path: one, scopes: scope("delete"), summary: "Remove a method", status: http.StatusNoContent, missing: true, conflict: true}, a.removeMethod)
}

// A userMethod is an authenticator, or the two of a number, as Auth0 shows one.
type userMethod struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Confirmed *bool     `json:"confirmed,omitempty"`
	Name      string    `json:"name,omitempty"`
	Email     string    `json:"email,omitempty" doc:"masked"`
	Phone     string    `json:"phone_number,omitempty" doc:"masked"`
	Preferred string    `json:"preferred_authentication_method,omitempty" enum:"sms,voice"`
	Ways      []way     `json:"authentication_methods,omitempty" doc:"of a number: the ways to reach it"`
	LinkID    string    `json:"link_id,omitempty"`
	KeyID     string    `json:"key_id,omitempty" doc:"of a key: the credential's id"`
	Secret    string    `json:"totp_secret,omitempty" doc:"once, where we made it"`
	Created   time.Time `json:"created_at"`
	Enrolled  time.Time `json:"enrolled_at,omitzero"`
	LastAuth  time.Time `json:"last_auth_at,omitzero"`
}

type way struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// methodsOf are the methods of u, the oldest first. Those that are being set up are not
// among them: they belong to a sign-in.
func (a *API) methodsOf(ctx context.Context, u *storage.User) ([]*userMethod, []*storage.Authenticator, error) {
	list, err := a.DB.Authenticators(ctx, u.ID)
	if err != nil {
		return nil, nil, err
	}
	list = slices.DeleteFunc(list, func(one *storage.Authenticator) bool { return one.ConfirmedAt.IsZero() })
	return a.viewMethods(u, list, true), list, nil
}

// viewMethods shows authenticators, the two of a number as one.
func (a *API) viewMethods(u *storage.User, list []*storage.Authenticator, masked bool) []*userMethod {
	var all []*userMethod
	numbers := map[string]*userMethod{}
	for _, one := range list {
		if m := numbers[one.Link]; one.Link != "" && isNumber(one.Factor) && m != nil {
			m.Ways = append(m.Ways, way{methodID(prefixes[one.Factor], one.ID), one.Factor})
			if one.LastUsedAt.After(m.LastAuth) {
				m.LastAuth = one.LastUsedAt
			}
			continue
		}
		m := a.viewMethod(u, one, masked)
		if isNumber(one.Factor) && one.Link != "" {
			numbers[one.Link] = m
		}
		all = append(all, m)
	}
	return all
}

func (a *API) viewMethod(u *storage.User, one *storage.Authenticator, masked bool) *userMethod {
	yes := true
	m := &userMethod{
		ID: methodID(methodType(one.Factor), one.ID), Type: methodType(one.Factor), Confirmed: &yes,
		Created: one.CreatedAt, Enrolled: one.ConfirmedAt, LastAuth: one.LastUsedAt,
	}
	if a.Flows.Named(one.Factor) {
		m.Name = one.Label
	}
	if one.Link != "" {
		m.LinkID = methodID(prefixes[one.Factor], one.Link)
	}
	m.KeyID = one.Handle
	address := ""
	if f, ok := a.Factors.Get(one.Factor).(factors.Addressed); ok {
		address = f.Address(factors.Subject{Email: u.Email, EmailVerified: u.EmailVerified}, one)
	}
	switch {
	case isNumber(one.Factor):
		m.Preferred, m.Ways = one.Factor, []way{{methodID(prefixes[one.Factor], one.ID), one.Factor}}
		m.Phone = address
		if masked {
			m.Phone = flows.MaskedNumber(address)
		}
	case one.Factor == factors.Email:
		if a.Flows.Automatic(one) {
			m.Type = "email-verification"
		}
		m.Email = address
		if masked {
			m.Email = flows.MaskedMail(address)
		}
	}
	return m
}

func (a *API) listMethods(ctx context.Context, in *struct {
	UserPath
	Paging
},
) (*listed[*userMethod], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, _, err := a.methodsOf(ctx, u)
	return pageOf("authenticators", all, in.Paging), err
}

// MethodPath names one of a user's methods in the path.
type MethodPath struct {
	ID     string `path:"id" maxLength:"256"`
	Method string `path:"method" maxLength:"256"`
}

// methodAt finds one of a user's methods: by its own id, or by that of a way to reach a
// number. Errors: a 404.
func (a *API) methodAt(ctx context.Context, p MethodPath) (*storage.User, *userMethod, *storage.Authenticator, error) {
	u, err := a.userByID(ctx, p.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	all, list, err := a.methodsOf(ctx, u)
	if err != nil {
		return nil, nil, nil, err
	}
	at := slices.IndexFunc(list, func(one *storage.Authenticator) bool { return one.ID == ownID(p.Method) })
	for _, m := range all {
		named := m.ID == p.Method || slices.ContainsFunc(m.Ways, func(w way) bool { return w.ID == p.Method })
		if at >= 0 && named {
			return u, m, list[at], nil
		}
	}
	return nil, nil, nil, refusal(http.StatusNotFound, "inexistent_authentication_method", "The authentication method does not exist.")
}

func (a *API) oneMethod(ctx context.Context, in *MethodPath) (*body[*userMethod], error) {
	_, m, _, err := a.methodAt(ctx, *in)
	return say(m), err
}
