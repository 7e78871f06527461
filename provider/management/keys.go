package management

import (
	"context"
	"crypto/sha1" //nolint:gosec // a name of certificates, as X.509 tools show it
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// A Ring has the keys that tokens are signed with.
type Ring interface {
	// KeyCertificate is a certificate of a key, in DER, the same at all times.
	KeyCertificate(*storage.SigningKey) ([]byte, error)
	// RotateKeys makes a new key of every algorithm that has none waiting, on behalf of
	// actor. They are published at once, and sign later.
	RotateKeys(ctx context.Context, actor string) ([]*storage.SigningKey, error)
	// RevokeKey has nothing that a key signed believed any more.
	RevokeKey(ctx context.Context, actor string, key *storage.SigningKey) error
}

// keys are those that tokens are signed with.
func (a *API) keys() {
	read := []string{"read:signing_keys"}
	op(a, operation{method: http.MethodGet, path: "/keys/signing", scopes: read, summary: "The keys that sign tokens, of each algorithm"}, a.listKeys)
	op(a, operation{method: http.MethodGet, path: "/keys/signing/{kid}", scopes: read, summary: "One key", missing: true}, a.readKey)
	op(a, operation{
		method: http.MethodPost, path: "/keys/signing/rotate", scopes: []string{"create:signing_keys", "update:signing_keys"},
		summary: "Make new keys, which sign once they have been published for long enough", status: http.StatusCreated, conflict: true,
	}, a.rotateKeys)
	op(a, operation{method: http.MethodPut, path: "/keys/signing/{kid}/revoke", scopes: []string{"update:signing_keys"}, summary: "Believe nothing more that a former key signed", missing: true, conflict: true}, a.revokeKey)
}

// A keyCertificate is a key as other programs take it.
type keyCertificate struct {
	ID          string `json:"kid"`
	Certificate string `json:"cert" doc:"PEM; signed by the key itself"`
}

// A keyView is a signing key with its place in the rotation.
type keyView struct {
	keyCertificate
	Alg          string     `json:"alg"`
	Fingerprint  string     `json:"fingerprint" doc:"SHA-1 of the certificate, with colons"`
	Thumbprint   string     `json:"thumbprint" doc:"the same without"`
	Next         bool       `json:"next" doc:"published, and signs from current_since"`
	Current      bool       `json:"current" doc:"signs"`
	CurrentSince *time.Time `json:"current_since" doc:"signs, or signed, from then on"`
	CurrentUntil *time.Time `json:"current_until,omitempty"`
	Previous     bool       `json:"previous" doc:"signs no more, and is believed"`
	Revoked      bool       `json:"revoked" doc:"is believed no more"`
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
}

// certified is a key with its certificate, and that in DER.
func (a *API) certified(k *storage.SigningKey) (keyCertificate, []byte, error) {
	der, err := a.Keys.KeyCertificate(k)
	if err != nil {
		return keyCertificate{}, nil, err
	}
	return keyCertificate{k.ID, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}, der, nil
}

func (a *API) viewKey(k *storage.SigningKey) (*keyView, error) {
	certificate, der, err := a.certified(k)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(der) //nolint:gosec // as above
	print := strings.ToUpper(hex.EncodeToString(sum[:]))
	var pairs []string
	for pair := range slices.Chunk([]byte(print), 2) {
		pairs = append(pairs, string(pair))
	}
	v := &keyView{keyCertificate: certificate, Alg: k.Alg, Fingerprint: strings.Join(pairs, ":"), Thumbprint: print, CurrentSince: &k.NotBefore}
	now := a.Now()
	over := func(t time.Time) bool { return !t.IsZero() && !now.Before(t) }
	if !k.RetiredAt.IsZero() {
		v.CurrentUntil = &k.RetiredAt
	}
	switch {
	case over(k.ExpiresAt):
		v.Revoked, v.RevokedAt = true, &k.ExpiresAt
	case now.Before(k.NotBefore):
		v.Next = true
	case over(k.RetiredAt):
		v.Previous = true
	default:
		v.Current = true
	}
	return v, nil
}

// allKeys are the keys as the API shows them, beside their rows, the oldest first.
func (a *API) allKeys(ctx context.Context) (rows []*storage.SigningKey, views []*keyView, err error) {
	rows, err = a.DB.SigningKeys(ctx)
	if err != nil {
		return nil, nil, err
	}
	views = []*keyView{}
	for _, row := range rows {
		v, err := a.viewKey(row)
		if err != nil {
			return nil, nil, err
		}
		views = append(views, v)
	}
	return rows, views, nil
}

func (a *API) listKeys(ctx context.Context, _ *struct{}) (*body[[]*keyView], error) {
	_, views, err := a.allKeys(ctx)
	return say(views), err
}

// A KeyPath names a signing key.
type KeyPath struct {
	ID string `path:"kid" maxLength:"100"`
}

// keyOf finds a key. Errors: a 404.
func (a *API) keyOf(ctx context.Context, id string) (*storage.SigningKey, *keyView, error) {
	rows, views, err := a.allKeys(ctx)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(rows, func(k *storage.SigningKey) bool { return k.ID == id })
	if i < 0 {
		return nil, nil, missing("key", "There is no such key.")
	}
	return rows[i], views[i], nil
}

func (a *API) readKey(ctx context.Context, in *KeyPath) (*body[*keyView], error) {
	_, view, err := a.keyOf(ctx, in.ID)
	return say(view), err
}

// rotateKeys answers with the next key, as Auth0 does: that of RS256, which every library
// knows.
func (a *API) rotateKeys(ctx context.Context, _ *struct{}) (*body[keyCertificate], error) {
	made, err := a.Keys.RotateKeys(ctx, actor(callerOf(ctx)))
	if err != nil {
		return nil, err
	}
	_, views, err := a.allKeys(ctx)
	if err != nil {
		return nil, err
	}
	views = slices.DeleteFunc(views, func(v *keyView) bool { return v.Alg != "RS256" })
	next := slices.MaxFunc(views, func(x, y *keyView) int { return x.CurrentSince.Compare(*y.CurrentSince) })
	if len(made) == 0 {
		return nil, refusal(http.StatusConflict, "key_waiting", "New keys are published already, and sign from "+next.CurrentSince.UTC().Format(time.RFC3339)+"; rotate after that.")
	}
	return say(next.keyCertificate), nil
}

func (a *API) revokeKey(ctx context.Context, in *KeyPath) (*body[keyCertificate], error) {
	row, view, err := a.keyOf(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case view.Revoked:
		return say(view.keyCertificate), nil
	case !view.Previous:
		return nil, refusal(http.StatusConflict, "key_in_use", "The key signs, or is to sign next; rotate the keys, and revoke it once it signs no more.")
	}
	return say(view.keyCertificate), a.Keys.RevokeKey(ctx, actor(callerOf(ctx)), row)
}
