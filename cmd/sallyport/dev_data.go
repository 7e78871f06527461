package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/storage"
)

// demoData is what the demo keeps between runs beside its database: the secrets that
// it has to be able to print again.
type demoData struct {
	dir     string
	Secrets map[string]string `json:"client_secrets"` // by client_id
	Users   []demo.User       `json:"users"`
	WebPush string            `json:"web_push_key"` // by which push services know the demo
}

// The people of the demo. grace has a second factor from the start, ada and alan do
// not; their passwords are no secret, because only this machine can use them.
func demoUsers() []demo.User {
	return []demo.User{
		{Username: "ada", Password: "seven lanterns by the quay"},
		{Username: "grace", Password: "violet kettle on the roof"},
		{Username: "alan", Password: "paper boats in november"},
	}
}

const (
	fresh    = 0 // index of the person to begin with
	enrolled = 1 // index of the one with a one-time password
)

func openDemoData(dir, issuer, desk string) (*demoData, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &misuse{what: "--data: " + err.Error(), mend: "name a directory that this process can write"}
	}
	d := &demoData{dir: dir, Secrets: map[string]string{}, Users: demoUsers()}
	b, err := os.ReadFile(d.path("demo.json"))
	if err == nil {
		err = json.Unmarshal(b, d)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &misuse{what: d.path("demo.json") + ": " + err.Error(), mend: "remove the directory " + dir + " to begin anew"}
	}
	return d, d.prepare(issuer, desk)
}

func (d *demoData) path(name string) string { return filepath.Join(d.dir, name) }

// prepare writes the files that the provider and the administrative verbs need.
func (d *demoData) prepare(issuer, desk string) error {
	if _, err := storage.LoadOrCreateKeyset(d.path("keyset")); err != nil {
		return err
	}
	if d.WebPush == "" {
		key, err := push.NewKey()
		if err != nil {
			return err
		}
		d.WebPush = key
	}
	text := fmt.Sprintf("# Written by `sallyport dev` at each start, for the verbs: --config %s\n"+
		"issuer: %s\nname: Sallyport\ndatabase:\n  dsn: %q\nseal:\n  keyset_file: keyset\n",
		d.path("sallyport.yaml"), issuer, "sqlite:"+d.path("sallyport.db")) + d.vendors(desk)
	return errors.Join(
		writeFile(d.path("sallyport.yaml"), []byte(text)),
		// A clone of somebody's repository never gets these.
		writeFile(d.path(".gitignore"), []byte("*\n")),
	)
}

// settings are the demo's own file with what was set by hand, and nothing else: people
// with known passwords must never get into a database that the environment happens to
// name.
func (d *demoData) settings(set []string) (*settings, error) {
	var environ []string
	for _, one := range set {
		key, value, ok := strings.Cut(one, "=")
		if !ok || strings.HasPrefix(key, "database.") || strings.HasPrefix(key, "seal.") {
			return nil, &misuse{what: "--set " + key + ": is not for the demo", mend: "write --set KEY=VALUE, with a key of `sallyport config keys` that is not of the database"}
		}
		environ = append(environ, "SALLYPORT_"+strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))+"="+value)
	}
	s := defaultSettings()
	if err := config.Load(s, d.path("sallyport.yaml"), environ); err != nil {
		return nil, err
	}
	return s, s.check()
}

// secret is the client's, made at first use.
func (d *demoData) secret(clientID string) string {
	if d.Secrets[clientID] == "" {
		d.Secrets[clientID] = rand.Text() + rand.Text()
	}
	return d.Secrets[clientID]
}

func (d *demoData) save() error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(d.path("demo.json"), append(b, '\n'))
}
