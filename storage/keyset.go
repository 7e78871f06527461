package storage

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// A keyset is what a Sealer is made of, as one line of base64 text: the sealing keys
// (AES-256-GCM, of which the primary one seals) and the key of the hashes, which
// stays the same through every rotation because rows are found by it.
type keysetFile struct {
	Sealing json.RawMessage `json:"sealing"` // a Tink keyset
	Hashing []byte          `json:"hashing"` // 32 bytes
}

const hashingKeySize = 32

// GenerateKeyset makes a new keyset, one line of text. Whoever has it and a copy of
// the database can read every secret; whoever loses it can read none.
func GenerateKeyset() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("storage: make sealing key: %w", err)
	}
	hashing := make([]byte, hashingKeySize)
	if _, err := rand.Read(hashing); err != nil {
		return nil, fmt.Errorf("storage: make hashing key: %w", err)
	}
	return writeKeyset(handle, hashing)
}

// RotateKeyset returns text with a new primary sealing key; the old keys still open.
// Give the result to every node, restart them, then run [DB.Reseal]; after that
// [RetireKeyset] removes the old keys.
func RotateKeyset(text []byte) ([]byte, error) {
	handle, hashing, err := readKeyset(text)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = m.SetPrimary(id)
	}
	if err == nil {
		handle, err = m.Handle()
	}
	if err != nil {
		return nil, fmt.Errorf("storage: rotate keyset: %w", err)
	}
	return writeKeyset(handle, hashing)
}

// RetireKeyset returns text without its old sealing keys. What they sealed and
// [DB.Reseal] did not renew is lost.
func RetireKeyset(text []byte) ([]byte, error) {
	handle, hashing, err := readKeyset(text)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(handle)
	info := handle.KeysetInfo()
	for _, key := range info.GetKeyInfo() {
		if key.GetKeyId() == info.GetPrimaryKeyId() {
			continue
		}
		if err := m.Delete(key.GetKeyId()); err != nil {
			return nil, fmt.Errorf("storage: retire key: %w", err)
		}
	}
	if handle, err = m.Handle(); err != nil {
		return nil, fmt.Errorf("storage: retire keys: %w", err)
	}
	return writeKeyset(handle, hashing)
}

// LoadOrCreateKeyset reads the keyset in the file at path, which is made on first
// use, readable by its owner only.
func LoadOrCreateKeyset(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, fmt.Errorf("storage: keyset: %w", err)
		}
		_, _, err := readKeyset(text)
		return text, err
	}
	if text, err = GenerateKeyset(); err != nil {
		return nil, err
	}
	return text, WriteKeyset(path, text)
}

// WriteKeyset puts text into the file at path, whole or not at all, readable by its
// owner only.
func WriteKeyset(path string, text []byte) error {
	if _, _, err := readKeyset(text); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("storage: keyset: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("storage: keyset: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

func writeKeyset(handle *keyset.Handle, hashing []byte) ([]byte, error) {
	var sealing bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&sealing)); err != nil {
		return nil, fmt.Errorf("storage: write keyset: %w", err)
	}
	plain, err := json.Marshal(keysetFile{Sealing: sealing.Bytes(), Hashing: hashing})
	if err != nil {
		return nil, fmt.Errorf("storage: write keyset: %w", err)
	}
	return append(base64.StdEncoding.AppendEncode(nil, plain), '\n'), nil
}

// errKeyset says nothing of what was read: it may be a secret in the wrong place.
var errKeyset = errors.New("storage: this is no keyset: give the one line that `sallyport keys generate` printed, whole")

func readKeyset(text []byte) (*keyset.Handle, []byte, error) {
	plain, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(text))
	if err != nil {
		return nil, nil, errKeyset
	}
	var f keysetFile
	if err := json.Unmarshal(plain, &f); err != nil || len(f.Hashing) != hashingKeySize {
		return nil, nil, errKeyset
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Sealing)))
	if err != nil {
		return nil, nil, errKeyset
	}
	return handle, f.Hashing, nil
}
