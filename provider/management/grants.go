package management

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// grants are what people have allowed applications on a page of consent.
func (a *API) grants() {
	remove := []string{"delete:grants"}
	op(a, operation{method: http.MethodGet, path: "/grants", scopes: []string{"read:grants"}, summary: "What a user has allowed applications", missing: true}, a.listConsents)
	op(a, operation{method: http.MethodDelete, path: "/grants", scopes: remove, summary: "Take back all that a user has allowed", status: http.StatusNoContent, missing: true}, a.revokeConsents)
	op(a, operation{method: http.MethodDelete, path: "/grants/{id}", scopes: remove, summary: "Take back what a user has allowed an application", status: http.StatusNoContent, missing: true}, a.revokeConsent)
}

type consentView struct {
	ID       string   `json:"id"`
	ClientID string   `json:"clientID"`
	UserID   string   `json:"user_id"`
	Audience string   `json:"audience" doc:"consent is for scopes, of whatever API; the issuer's /userinfo stands for all"`
	Scope    []string `json:"scope"`
}

// A ConsentOwner names whose consents are meant.
type ConsentOwner struct {
	UserID string `query:"user_id" required:"true" minLength:"1" maxLength:"128"`
}

const consentPrefix = "gra_"

func consentID(c *storage.Consent) string {
	return consentPrefix + base64.RawURLEncoding.EncodeToString([]byte(c.UserID+"\n"+c.ClientID))
}

func (a *API) listConsents(ctx context.Context, in *struct {
	ConsentOwner
	Paging
	ClientID string `query:"client_id" maxLength:"128"`
	Audience string `query:"audience" maxLength:"2048" doc:"of no meaning: consent is for scopes"`
},
) (*listed[*consentView], error) {
	if _, err := a.userByID(ctx, in.UserID); err != nil {
		return nil, err
	}
	all, err := a.DB.Consents(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	views := []*consentView{}
	for _, c := range all {
		if in.ClientID == "" || in.ClientID == c.ClientID {
			views = append(views, &consentView{consentID(c), c.ClientID, c.UserID, strings.TrimSuffix(a.Issuer, "/") + "/userinfo", c.Scopes})
		}
	}
	return pageOf("grants", views, in.Paging), nil
}

func (a *API) revokeConsents(ctx context.Context, in *ConsentOwner) (*struct{}, error) {
	if _, err := a.userByID(ctx, in.UserID); err != nil {
		return nil, err
	}
	all, err := a.DB.Consents(ctx, in.UserID)
	for _, c := range all {
		if err == nil {
			err = a.takeBack(ctx, c)
		}
	}
	return nil, err
}

func (a *API) revokeConsent(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"400"`
},
) (*struct{}, error) {
	text, ours := strings.CutPrefix(in.ID, consentPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	userID, clientID, whole := strings.Cut(string(raw), "\n")
	if !ours || err != nil || !whole {
		return nil, missing("grant", "The grant does not exist.")
	}
	c, err := a.DB.ConsentFor(ctx, userID, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("grant", "The grant does not exist.")
	}
	if err != nil {
		return nil, err
	}
	return nil, a.takeBack(ctx, c)
}

// takeBack revokes a consent with all tokens that came of it.
func (a *API) takeBack(ctx context.Context, c *storage.Consent) error {
	return a.change(ctx, storage.Event{Type: "consent.revoked", UserID: c.UserID, ClientID: c.ClientID}, func(ctx context.Context) error {
		return a.DB.RevokeConsent(ctx, c.UserID, c.ClientID)
	})
}
