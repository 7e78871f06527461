package password

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/sallyport-id/sallyport/factors"
)

// maxLength is in characters, maxBytes in bytes as typed: a longer password is
// refused before any work is spent on it. NIST wants at least 64 characters.
const (
	maxLength = 256
	maxBytes  = 1024
)

// common is a list of passwords that are tried first by everyone: those of eight
// characters or more in @zxcvbn-ts/language-common (MIT, see common.LICENSE.txt),
// lower case, one a line.
//
//go:embed common.txt.gz
var common []byte

// normal is the form that is hashed: NFKC, so that one password typed on two
// keyboards is one (SP 800-63B-4 §3.1.1.2).
func normal(typed string) string { return norm.NFKC.String(typed) }

// acceptable applies the rules for a new password.
func (f *Factor) acceptable(s factors.Subject, typed string) error {
	if len(typed) > maxBytes || utf8.RuneCountInString(typed) > maxLength {
		return &factors.Rejection{Message: "password.too_long", Data: map[string]any{"Max": maxLength}}
	}
	least := f.config.MinLength
	if s.SecondFactor {
		least = f.config.MinLengthWithSecond
	}
	text := normal(typed)
	if utf8.RuneCountInString(text) < least {
		return &factors.Rejection{Message: "password.too_short", Data: map[string]any{"Min": least}}
	}
	plain := strings.ToLower(text)
	if f.blocked.has(plain) || monotonous(plain) {
		return &factors.Rejection{Message: "password.common"}
	}
	if f.personal(s, plain) {
		return &factors.Rejection{Message: "password.context"}
	}
	return nil
}

// monotonous reports one or two characters repeated, and plain sequences.
func monotonous(text string) bool {
	seen := map[rune]bool{}
	steps := map[rune]bool{}
	last := rune(-1)
	for _, r := range text {
		seen[r] = true
		if last >= 0 {
			steps[r-last] = true
		}
		last = r
	}
	return len(seen) <= 2 || len(steps) == 1
}

// personal reports whether the password is little more than a word that everyone who
// knows the person or the site would try.
func (f *Factor) personal(s factors.Subject, plain string) bool {
	local, _, _ := strings.Cut(s.Email, "@")
	for _, word := range []string{s.Username, s.Email, local, s.Name, s.Phone, f.issuer, s.Issuer, s.Client} {
		word = strings.ToLower(normal(word))
		if utf8.RuneCountInString(word) < 4 {
			continue
		}
		rest := strings.ReplaceAll(plain, word, "")
		if rest != plain && utf8.RuneCountInString(rest) < 6 {
			return true
		}
	}
	return false
}

// A blocklist is the refused passwords, in lower case.
type blocklist struct{ lists []map[string]struct{} }

func (b *blocklist) has(plain string) bool {
	for _, list := range b.lists {
		if _, ok := list[plain]; ok {
			return true
		}
	}
	return false
}

// openBlocklist reads the built-in list, and the operator's where path is set.
func openBlocklist(path string) (*blocklist, error) {
	z, err := gzip.NewReader(bytes.NewReader(common))
	if err != nil {
		return nil, err
	}
	b := &blocklist{}
	if err := b.read(z); err != nil || path == "" {
		return b, err
	}
	file, err := os.Open(path) //nolint:gosec // the operator named it
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return b, b.read(file)
}

func (b *blocklist) read(r io.Reader) error {
	list := map[string]struct{}{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if line := strings.ToLower(normal(strings.TrimSpace(lines.Text()))); line != "" {
			list[line] = struct{}{}
		}
	}
	b.lists = append(b.lists, list)
	return lines.Err()
}
