package management

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Recipients are who can read an export: public keys of age, https://age-encryption.org.
type Recipients struct {
	list  []age.Recipient
	names []string // for the audit log
}

// ParseRecipients reads public keys, one a line, age1…; lines that begin with # are passed
// over.
func ParseRecipients(texts ...string) (*Recipients, error) {
	r := &Recipients{}
	for _, text := range texts {
		list, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("recipient: it is no public key of age: %w", err)
		}
		for _, one := range list {
			name, ok := one.(fmt.Stringer)
			if !ok {
				return nil, errors.New("recipient: a key of another kind; use age1…")
			}
			r.list, r.names = append(r.list, one), append(r.names, shortened(name.String()))
		}
	}
	if len(r.list) == 0 {
		return nil, errors.New("recipient: there is none; an export is encrypted always")
	}
	return r, nil
}

// shortened is enough of a key to tell it by: the newer kind has two thousand characters.
func shortened(key string) string {
	const enough = 70
	if len(key) <= enough {
		return key
	}
	return key[:enough] + "…"
}

// NewExportKey makes a key pair for exports: the private half reads them.
func NewExportKey() (private, public string, err error) {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", "", fmt.Errorf("management: new key: %w", err)
	}
	return key.String(), key.Recipient().String(), nil
}

// Decrypted reads an export with the private keys in a text.
func Decrypted(export io.Reader, keys string) (io.Reader, error) {
	identities, err := age.ParseIdentities(strings.NewReader(keys))
	if err != nil {
		return nil, fmt.Errorf("identity: it is no private key of age: %w", err)
	}
	r, err := age.Decrypt(export, identities...)
	if wrong := new(age.NoIdentityMatchError); errors.As(err, &wrong) {
		return nil, errors.New("identity: the export is not for this key")
	}
	if err != nil {
		return nil, fmt.Errorf("it is not an export, or was damaged: %w", err)
	}
	return r, nil
}
