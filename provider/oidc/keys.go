package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/storage"
)

// signingAlgs are the algorithms that there always is a key for.
var signingAlgs = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}

const rsaBits = 2048

// keyRing holds the provider's keys. It is read on every token and replaced whole
// when the table has changed.
type keyRing struct {
	issuer string // in certificates
	db     *storage.DB
	now    func() time.Time
	log    *slog.Logger
	set    atomic.Pointer[ring]
	mu     sync.Mutex // one reload at a time
}

// A ring is the table at one moment.
type ring struct {
	all  []*ringKey
	jwks []byte
	etag string
}

type ringKey struct {
	*storage.SigningKey
	public  jose.JSONWebKey
	private crypto.Signer
	mu      sync.Mutex
	signers map[string]jose.Signer // by typ
}

// sign makes a compact JWS of claims with the newest key for alg that signs now.
func (k *keyRing) sign(alg, typ string, claims any) (string, error) {
	key := k.current(jose.SignatureAlgorithm(alg))
	if key == nil {
		return "", fmt.Errorf("oidc: no key signs %s", alg)
	}
	signer, err := key.signer(typ)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("oidc: claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("oidc: sign: %w", err)
	}
	return signed.CompactSerialize()
}

func (k *keyRing) current(alg jose.SignatureAlgorithm) *ringKey {
	now := k.now()
	var best *ringKey
	for _, key := range k.set.Load().all {
		signs := key.Alg == string(alg) && !now.Before(key.NotBefore) && (key.RetiredAt.IsZero() || now.Before(key.RetiredAt))
		if signs && (best == nil || key.NotBefore.After(best.NotBefore)) {
			best = key
		}
	}
	return best
}

// verify checks a JWS of ours with any key that was not thrown away yet, and that its
// type and algorithm are the ones wanted. It says nothing about its dates.
func (k *keyRing) verify(token, typ string, claims any) error {
	jws, err := jose.ParseSignedCompact(token, signingAlgs)
	if err != nil {
		return fmt.Errorf("oidc: not a token of ours: %w", err)
	}
	h := jws.Signatures[0].Header
	if got, _ := h.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return errors.New("oidc: a token of another type")
	}
	for _, key := range k.set.Load().all {
		if key.ID == h.KeyID && key.Alg == h.Algorithm {
			payload, err := jws.Verify(key.public.Key)
			if err != nil {
				return fmt.Errorf("oidc: signature: %w", err)
			}
			return json.Unmarshal(payload, claims)
		}
	}
	return errors.New("oidc: signed by no key of ours")
}

func (k *ringKey) signer(typ string) (jose.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.signers[typ]; s != nil {
		return s, nil
	}
	s, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(k.Alg), Key: jose.JSONWebKey{Key: k.private, KeyID: k.ID, Algorithm: k.Alg},
	}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return nil, fmt.Errorf("oidc: signing key: %w", err)
	}
	k.signers[typ] = s
	return s, nil
}

// load reads the table into a new ring. A key that cannot be read is told of and left out, so
// that the others serve on.
func (k *keyRing) load(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	rows, err := k.db.SigningKeys(ctx)
	if err != nil {
		return err
	}
	old := k.set.Load()
	fresh := &ring{}
	for _, row := range rows {
		if !row.ExpiresAt.IsZero() && !k.now().Before(row.ExpiresAt) {
			continue
		}
		key, err := k.open(row, old)
		if err != nil {
			k.log.ErrorContext(ctx, "a signing key cannot be used", "kid", row.ID, "error", err)
			continue
		}
		fresh.all = append(fresh.all, key)
	}
	if err := fresh.render(); err != nil {
		return err
	}
	if old == nil || old.etag != fresh.etag || len(old.all) != len(fresh.all) || moved(old, fresh) {
		k.set.Store(fresh)
	}
	return nil
}

// open makes a key of its row, with the certificate that it has in the old ring: to make one
// is a signature.
func (k *keyRing) open(row *storage.SigningKey, old *ring) (*ringKey, error) {
	key, err := openKey(row)
	if err != nil {
		return nil, err
	}
	if old != nil {
		if i := slices.IndexFunc(old.all, func(o *ringKey) bool { return o.ID == row.ID }); i >= 0 {
			key.public.Certificates = old.all[i].public.Certificates
			return key, nil
		}
	}
	return key, key.certify(k.issuer)
}

// moved reports whether a key has changed its place in the rotation.
func moved(a, b *ring) bool {
	return !slices.EqualFunc(a.all, b.all, func(x, y *ringKey) bool {
		return x.ID == y.ID && x.NotBefore.Equal(y.NotBefore) && x.RetiredAt.Equal(y.RetiredAt) && x.ExpiresAt.Equal(y.ExpiresAt)
	})
}

func openKey(row *storage.SigningKey) (*ringKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(row.Private)
	if err != nil {
		return nil, fmt.Errorf("oidc: signing key %s: %w", row.ID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("oidc: signing key %s cannot sign", row.ID)
	}
	return &ringKey{
		SigningKey: row, private: private, signers: map[string]jose.Signer{},
		public: jose.JSONWebKey{Key: private.Public(), KeyID: row.ID, Algorithm: row.Alg, Use: "sig"},
	}, nil
}

// render writes the public key set once (RFC 7517 §5).
func (r *ring) render() error {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range r.all {
		set.Keys = append(set.Keys, key.public)
	}
	var err error
	if r.jwks, err = json.Marshal(set); err != nil {
		return fmt.Errorf("oidc: key set: %w", err)
	}
	r.etag = etag(r.jwks)
	return nil
}

// newKey makes a key pair, named by its thumbprint (RFC 7638).
func newKey(alg jose.SignatureAlgorithm) (*storage.SigningKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case jose.RS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = errors.New("unknown algorithm")
	}
	if err != nil {
		return nil, fmt.Errorf("oidc: new key %s: %w", alg, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("oidc: new key %s: %w", alg, err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	print, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("oidc: new key %s: %w", alg, err)
	}
	return &storage.SigningKey{ID: b64.EncodeToString(print), Alg: string(alg), Private: der}, nil
}
