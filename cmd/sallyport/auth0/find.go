package auth0

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var peopleFile = regexp.MustCompile(`^(users.*\.json|.*\.ndjson|.*\.jsonl)(\.gz)?$`)

// Find reads the tenants that paths name and lists the files of people among and in them.
// Markers of the deploy tool are replaced.
func Find(paths []string, replace map[string]string) (tenants []*Tenant, people []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, nil, err
		case info.IsDir():
			t, files, err := findIn(path, replace)
			if err != nil {
				return nil, nil, err
			}
			tenants, people = append(tenants, t), append(people, files...)
		case strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml"):
			t, err := readYAML(path, replace)
			if err != nil {
				return nil, nil, err
			}
			tenants = append(tenants, t)
		default:
			people = append(people, path)
		}
	}
	return tenants, people, nil
}

// findIn reads a folder: of the deploy tool's files, or with a tenant.yaml in it.
func findIn(dir string, replace map[string]string) (*Tenant, []string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	var people []string
	yaml := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir():
		case peopleFile.MatchString(name):
			people = append(people, filepath.Join(dir, name))
		case name == "tenant.yaml" || name == "tenant.yml":
			yaml = filepath.Join(dir, name)
		}
	}
	slices.Sort(people)
	read := readFolder
	if yaml != "" {
		dir, read = yaml, readYAML
	}
	t, err := read(dir, replace)
	if err != nil {
		return nil, nil, err
	}
	if len(t.objects) == 0 && len(people) == 0 {
		return nil, nil, fmt.Errorf("%s: there is nothing that Auth0 exports in it", dir)
	}
	return t, people, nil
}
