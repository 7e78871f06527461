package auth0

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
)

// A Tenant is what the deploy tool wrote of one.
type Tenant struct {
	root    *os.Root // nothing outside of it is read
	yaml    bool
	replace map[string]string
	objects map[string][]object // by kind
}

// An object is one thing of a kind.
type object struct {
	name string // as it calls itself, else as its file is called
	file string // without ending, "" in YAML
	text json.RawMessage
}

// maxFile is what one file may have.
const maxFile = 16 << 20 // bytes

// folders are the deploy tool's, with the kinds that they hold.
var folders = map[string]string{
	"clients": "clients", "grants": "clientGrants", "resource-servers": "resourceServers", "rules": "rules",
	"rules-configs": "rulesConfigs", "actions": "actions", "triggers": "triggers", "roles": "roles",
	"organizations": "organizations", "guardian/factors": "guardianFactors", "guardian/providers": "guardianFactorProviders",
	"guardian/templates": "guardianFactorTemplates", "database-connections": "databases", "connections": "connections",
	"emails": "emailTemplates", "pages": "pages", "branding": "branding", "prompts": "prompts", "hooks": "hooks",
	"attack-protection": "attackProtection", "log-streams": "logStreams", "custom-domains": "customDomains",
	"action-modules": "actionModules", "email-templates": "emailTemplates",
}

// files stand alone.
var files = map[string]string{
	"tenant.json": "tenant", "guardian/policies.json": "guardianPolicies",
	"guardian/phoneFactorMessageTypes.json":     "guardianPhoneFactorMessageTypes",
	"guardian/phoneFactorSelectedProvider.json": "guardianPhoneFactorSelectedProvider",
}

func newTenant(dir string, replace map[string]string) (*Tenant, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Tenant{root: root, replace: replace, objects: map[string][]object{}}, nil
}

// readYAML reads tenant.yaml.
func readYAML(file string, replace map[string]string) (*Tenant, error) {
	t, err := newTenant(filepath.Dir(file), replace)
	if err != nil {
		return nil, err
	}
	t.yaml = true
	text, err := t.text(filepath.Base(file))
	if err != nil {
		return nil, err
	}
	if text, err = config.JSON(file, text); err != nil {
		return nil, err
	}
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(text, &kinds); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for kind, value := range kinds {
		t.add(kind, "", value)
	}
	return t, nil
}

// readFolder reads a folder with a folder for each kind. A file at its top that is called
// as a kind, as an answer of the management API saved, is read as well.
func readFolder(dir string, replace map[string]string) (*Tenant, error) {
	t, err := newTenant(dir, replace)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(t.root.FS(), ".", func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(file) != ".json" && path.Ext(file) != ".js" {
			return err
		}
		kind := kindOf(file)
		switch {
		case kind == "":
			return nil
		case path.Ext(file) == ".js":
			return t.addScript(kind, file)
		}
		text, err := t.text(file)
		if err != nil {
			return err
		}
		if text = bytes.TrimPrefix(text, []byte("\ufeff")); !json.Valid(text) {
			return fmt.Errorf("%s is not JSON", file)
		}
		t.add(kind, strings.TrimSuffix(file, ".json"), text)
		return nil
	})
	return t, err
}

// kindOf is the kind that a file is of; "": none. A folder of a kind that is not known is
// its own kind, so that it is reported.
func kindOf(file string) string {
	dir, stem := path.Dir(file), strings.TrimSuffix(path.Base(file), path.Ext(file))
	switch {
	case files[file] != "":
		return files[file]
	case folders[dir] != "":
		return folders[dir]
	case dir == "." && folders[stem] != "":
		return folders[stem]
	case dir == ".":
		if slices.Contains(slices.Collect(maps.Values(folders)), stem) {
			return stem
		}
	case path.Dir(dir) == "database-connections" && stem == "database":
		return "databases"
	case !strings.Contains(dir, "/") && path.Ext(file) == ".json" && dir != "guardian":
		return dir
	}
	return ""
}

// addScript adds a rule that has no description beside it.
func (t *Tenant) addScript(kind, file string) error {
	stem := strings.TrimSuffix(file, ".js")
	if kind != "rules" {
		return nil // it is read with its description
	}
	if _, err := t.root.Stat(stem + ".json"); err == nil {
		return nil
	}
	text, err := json.Marshal(map[string]any{"name": path.Base(stem), "script": "./" + path.Base(file), "enabled": true, "order": 1 << 30})
	t.add(kind, stem, text)
	return err
}

// add takes value up: one thing, or a list of them.
func (t *Tenant) add(kind, file string, value json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		list = []json.RawMessage{value}
	}
	for _, one := range list {
		if text := bytes.TrimSpace(one); len(text) == 0 || bytes.Equal(text, []byte("null")) || bytes.Equal(text, []byte("{}")) {
			continue
		}
		var named struct{ Name, Key, Audience, Template string }
		_ = json.Unmarshal(one, &named) // one that is no object has no name
		name := named.Name + named.Key + named.Template
		if name == "" {
			name = path.Base(file)
		}
		t.objects[kind] = append(t.objects[kind], object{name: name, file: file, text: one})
	}
}

// text reads a file with its markers replaced.
func (t *Tenant) text(file string) ([]byte, error) {
	f, err := t.root.Open(filepath.FromSlash(file))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", file, maxFile)
	}
	for key, value := range t.replace {
		quoted, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		text = bytes.ReplaceAll(text, []byte("@@"+key+"@@"), quoted)
		text = bytes.ReplaceAll(text, []byte("##"+key+"##"), quoted[1:len(quoted)-1])
	}
	return text, nil
}

var marker = regexp.MustCompile(`##[A-Za-z0-9_]+##|@@[A-Za-z0-9_]+@@`)

// unreplaced is a marker in o that nobody gave a value for, "" for none.
func (o *object) unreplaced() string { return marker.FindString(string(o.text)) }

// source is the text of a script that is given by its file or as it stands.
func (t *Tenant) source(kind, given, name string) (string, error) {
	if given == "" || strings.ContainsAny(given, "\n{") {
		return given, nil
	}
	file := path.Clean(strings.ReplaceAll(given, `\`, "/"))
	for _, candidate := range []string{file, path.Join(kind, file), path.Join(kind, name, "code.js")} {
		text, err := t.text(candidate)
		if err == nil {
			return string(text), nil
		}
	}
	return "", fmt.Errorf("its text %s is not there", given)
}
