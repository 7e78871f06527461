package storage

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A Sealer encrypts secrets at rest and keys the hashes of opaque values. It is safe
// for concurrent use.
type Sealer struct {
	aead    tink.AEAD
	primary []byte // what a blob of the primary key begins with
	hashing []byte
}

// NewSealer makes a sealer of a keyset, the text that [GenerateKeyset] makes.
func NewSealer(keyset []byte) (*Sealer, error) {
	handle, hashing, err := readKeyset(keyset)
	if err != nil {
		return nil, err
	}
	a, err := aead.New(handle)
	if err != nil {
		return nil, errKeyset
	}
	// Tink's wire format: 0x01, then the key id, big endian.
	prefix := binary.BigEndian.AppendUint32([]byte{1}, handle.KeysetInfo().GetPrimaryKeyId())
	return &Sealer{aead: a, primary: prefix, hashing: hashing}, nil
}

// Seal encrypts plain for one place, which [Sealer.Open] must name again.
func (s *Sealer) Seal(plain []byte, place string) ([]byte, error) {
	blob, err := s.aead.Encrypt(plain, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("storage: seal %s: %w", place, err)
	}
	return blob, nil
}

// Open decrypts what Seal made for the same place. It fails where the blob was
// changed, was moved from another place, or its key is not in the keyset.
func (s *Sealer) Open(blob []byte, place string) ([]byte, error) {
	plain, err := s.aead.Decrypt(blob, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("storage: open %s: it was changed, moved, or sealed with a key that is not in this keyset", place)
	}
	return plain, nil
}

// Current reports whether blob was sealed with the primary key.
func (s *Sealer) Current(blob []byte) bool { return bytes.HasPrefix(blob, s.primary) }

// mac is HMAC-SHA256 over label and value, each with its length.
func (s *Sealer) mac(label string, value []byte) []byte {
	h := hmac.New(sha256.New, s.hashing)
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(label)))) //nolint:gosec // labels are our own words
	h.Write([]byte(label))
	h.Write(value)
	return h.Sum(nil)
}

// Hash is the keyed hash (HMAC-SHA256, 32 bytes) under which an opaque value is
// stored and found. Labels keep uses apart. It stays the same through key rotations.
func (d *DB) Hash(label, value string) []byte { return d.sealer.mac("hash:"+label, []byte(value)) }

// MAC authenticates data for one use, 32 bytes, comparable with hmac.Equal. It never
// equals a Hash.
func (d *DB) MAC(label string, data []byte) []byte { return d.sealer.mac("mac:"+label, data) }

// A sealed column holds a blob that is bound to its table, column and row.
type sealedColumn struct{ table, column string }

var (
	authenticatorSecret = sealedColumn{"authenticators", "secret"}
	loginState          = sealedColumn{"logins", "state"}
	historyData         = sealedColumn{"histories", "data"}
	decisionData        = sealedColumn{"decisions", "data"}
	documentBody        = sealedColumn{"documents", "body"}
	jobBody             = sealedColumn{"jobs", "body"}
	jobPartBody         = sealedColumn{"job_parts", "body"}
	messagePayload      = sealedColumn{"messages", "payload"}
	scriptSecrets       = sealedColumn{"scripts", "secrets"}
	signingKeyPrivate   = sealedColumn{"signing_keys", "private"}
)

func (c sealedColumn) place(id string) string { return c.table + "." + c.column + " of " + id }

func (d *DB) seal(c sealedColumn, id string, plain []byte) ([]byte, error) {
	if len(plain) == 0 {
		return nil, nil
	}
	return d.sealer.Seal(plain, c.place(id))
}

func (d *DB) open(c sealedColumn, id string, blob []byte) ([]byte, error) {
	if len(blob) == 0 {
		return nil, nil
	}
	return d.sealer.Open(blob, c.place(id))
}
