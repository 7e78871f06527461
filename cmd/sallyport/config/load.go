package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// delimiter separates path segments inside koanf. Keys may hold dots and slashes.
const delimiter = "\x1f"

// Load fills tree, a pointer to a struct that holds the defaults, from the YAML file
// (empty: none) and from environ. Variables in ignore are not settings. The error is
// Faults, with all else filled in, or a Fault where the file itself cannot be read.
func Load(tree any, path string, environ []string, ignore ...string) error {
	l := loader{tree: reflect.ValueOf(tree), koanf: koanf.New(delimiter), dir: filepath.Dir(path)}
	if err := l.file(path); err != nil {
		return err
	}
	l.environment(environ, ignore)
	l.fill(l.tree, l.koanf.Raw(), nil)
	slices.SortFunc(l.faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
	return l.faults.Err()
}

type loader struct {
	tree   reflect.Value
	koanf  *koanf.Koanf
	dir    string // relative paths of the file stand below it
	sealed bool   // no value is the name of a file
	faults Faults
}

func (l *loader) file(path string) error {
	if path == "" {
		return nil
	}
	err := l.koanf.Load(file.Provider(path), yaml.Parser())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Fault{path, "there is no such file", "write it or name another with --config"}
	case err != nil:
		return Fault{path, strings.Join(strings.Fields(err.Error()), " "), "mend the YAML there"}
	}
	return nil
}

// environment merges variables over the file. The value of X_FILE is the content of
// the file it names, where X is a secret.
func (l *loader) environment(environ, ignore []string) {
	known := map[string][]string{}
	secret := map[string]bool{}
	walk(l.tree, nil, func(path []string, n node) {
		known[envName(path)] = path
		secret[envName(path)] = n.secret
	})
	given := map[string]string{}
	translate := func(name, value string) (string, any) {
		base, isFile := strings.CutSuffix(name, "_FILE")
		isFile = isFile && known[name] == nil && secret[base]
		if isFile {
			name, value = base, l.read(base+"_FILE", value)
		}
		switch {
		case slices.Contains(ignore, name):
			return "", nil
		case known[name] == nil:
			l.faults.Add(name, "there is no such setting", "%s", suggest(name, known))
			return "", nil
		case given[name] != "":
			l.faults.Add(name, "is set directly and as a file", "unset one of them")
			return "", nil
		}
		given[name] = "yes"
		return strings.Join(known[name], delimiter), value
	}
	// The provider cannot fail: its source is a slice.
	_ = l.koanf.Load(env.Provider(delimiter, env.Opt{
		Prefix: prefix, TransformFunc: translate, EnvironFunc: func() []string { return environ },
	}), nil)
}

func (l *loader) read(key, path string) string {
	if !filepath.IsAbs(path) && !strings.HasPrefix(key, prefix) {
		path = filepath.Join(l.dir, path)
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		l.faults.Add(key, err.Error(), "name a file that this process can read")
	}
	return strings.TrimRight(string(b), "\r\n")
}

// fill sets what raw gives in the group v.
func (l *loader) fill(v reflect.Value, raw map[string]any, path []string) {
	known := children(v)
	for key, value := range raw {
		at := append(append([]string{}, path...), key)
		name := strings.Join(at, ".")
		n, ok := known[key]
		if base, isFile := strings.CutSuffix(key, "_file"); !ok && isFile && known[base].secret && !l.sealed {
			if _, both := raw[base]; both {
				l.faults.Add(name, "stands beside "+base, "leave one of them out")
			}
			n, ok, value = known[base], true, l.read(name, fmt.Sprint(value))
		}
		below, isMap := value.(map[string]any)
		switch {
		case !ok:
			l.faults.Add(name, "there is no such setting", "%s", suggest(key, known))
		case n.leaf:
			l.set(name, n.value, value)
		case value == nil:
		case !isMap:
			l.faults.Add(name, "is a group of settings", "write its settings below it")
		default:
			l.fill(n.value, below, at)
		}
	}
}

func (l *loader) set(name string, to reflect.Value, value any) {
	fresh := reflect.New(to.Type())
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: fresh.Interface(), WeaklyTypedInput: true, ErrorUnused: true, TagName: "koanf",
		MatchName: func(key, field string) bool { return key == snake(field) || key == field },
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.StringToTimeDurationHookFunc(), mapstructure.TextUnmarshallerHookFunc(), commaList),
	})
	if err == nil {
		err = d.Decode(value)
	}
	if err != nil {
		l.faults.Add(name, reason(err), "%s", example(to.Type()))
		return
	}
	to.Set(fresh.Elem())
}

// commaList splits a variable's value into a list; an empty value is an empty list.
func commaList(from, to reflect.Type, data any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Slice {
		return data, nil
	}
	text := strings.TrimSpace(reflect.ValueOf(data).String())
	if text == "" {
		return []string{}, nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts, nil
}
