package main

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// An account is what this device answers for at one site. Each has a key of its own, so
// that sites cannot tell that it is one device.
type account struct {
	standin.Phone
	Key jose.JSONWebKey `json:"key"` // the private key, RFC 7517
}

// unseal makes the phone of an account that was read usable.
func (a *account) unseal() bool {
	key, ok := a.Key.Key.(*rsa.PrivateKey)
	a.Phone.Key = key
	a.Agent, a.HTTP = agent, client
	return ok && a.ID != "" && a.Base != ""
}

const agent = "sallyport-authenticator"

// client follows no redirects: what it sends is meant for one address.
var client = &http.Client{
	Timeout:       15 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// A store is the file of the accounts.
type store struct{ path string }

// content is what is in the file.
type content struct {
	Accounts []*account `json:"accounts"`
}

func (c *cli) store() (store, error) {
	if c.storeFile != "" {
		return store{c.storeFile}, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return store{}, &misuse{what: "there is no configuration directory: " + err.Error(), mend: "use --store FILE"}
	}
	return store{filepath.Join(dir, "sallyport", "authenticator.json")}, nil
}

// read is all accounts, none where there is no file yet.
func (s store) read() ([]*account, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--store: %w; use a file of your own", err)
	}
	defer func() { _ = f.Close() }()
	about, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("--store: %w", err)
	}
	if mode := about.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // whose modes say nothing
		return nil, &misuse{
			what: fmt.Sprintf("--store: %s holds keys and others may open it (mode %04o)", s.path, mode), mend: "run `chmod 600 " + s.path + "`",
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("--store: %w", err)
	}
	var in content
	sound := json.Unmarshal(b, &in) == nil // its errors quote what is in the file
	for _, a := range in.Accounts {
		sound = sound && a != nil && a.unseal()
	}
	if !sound {
		return nil, &misuse{what: "--store: " + s.path + " is not what this program wrote", mend: "restore it from a copy, or move it away and set the accounts up anew"}
	}
	return in.Accounts, nil
}

// change lets do change the accounts while no other process can.
func (s store) change(do func([]*account) ([]*account, error)) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("--store: %w; use a directory of your own", err)
	}
	unlock, err := lockedfile.MutexAt(s.path + ".lock").Lock()
	if err != nil {
		return fmt.Errorf("--store: %w; use a directory of your own", err)
	}
	defer unlock()
	all, err := s.read()
	if err != nil {
		return err
	}
	if all, err = do(all); err != nil {
		return err
	}
	b, err := json.MarshalIndent(content{all}, "", "  ")
	if err != nil {
		return fmt.Errorf("--store: %w", err)
	}
	if err := s.replace(append(b, '\n')); err != nil {
		return fmt.Errorf("--store: %w; nothing was changed", err)
	}
	return nil
}

// replace writes the file in one step, so that a power cut leaves the old one or the
// new one. os.CreateTemp makes it for its owner alone.
func (s store) replace(b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(s.path), ".authenticator-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.path)
}
