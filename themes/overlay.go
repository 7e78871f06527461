package themes

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
)

//go:embed pages parts mail assets locales
var ours embed.FS

// overlay looks a file up in each layer, first layer first. The operator's folder
// lies above the files that we ship.
type overlay []fs.FS

// openOverlay puts dir above our files. dir may be empty; a dir that does not exist
// is an error, because a typing mistake would otherwise silently show our pages.
func openOverlay(dir string) (overlay, error) {
	if dir == "" {
		return overlay{ours}, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("themes: dir: %w; make the folder or leave themes.dir empty", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("themes: dir: %s is a file; themes.dir has to be a folder", dir)
	}
	return overlay{os.DirFS(dir), ours}, nil
}

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	for _, layer := range o {
		f, err := layer.Open(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// list names the files that match pattern in any layer, sorted, each once.
func (o overlay) list(pattern string) ([]string, error) {
	seen := map[string]bool{}
	for _, layer := range o {
		names, err := fs.Glob(layer, pattern)
		if err != nil {
			return nil, fmt.Errorf("themes: list %s: %w", path.Dir(pattern), err)
		}
		for _, n := range names {
			seen[n] = true
		}
	}
	out := make([]string, 0, len(seen))
	for n := range seen {
		out = append(out, n)
	}
	sort.Strings(out)
	return out, nil
}
