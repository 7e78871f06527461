package risk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gaissmai/bart"
)

// A Listing says where an address is listed.
type Listing struct {
	Source   string // the file's name
	Category string // what stands behind the network on its line
	Network  netip.Prefix
}

// Lists are an operator's files of networks that are not to be trusted: one address or
// network a line, then what it is; # begins a remark. They are taken up anew while the
// provider runs; a file that cannot be read is refused, and the lists before stay.
type Lists struct {
	paths []string
	now   atomic.Pointer[listed]
}

type listed struct {
	networks *bart.Table[Listing]
	at       []time.Time
}

// OpenLists reads the files. The error names the file and the line.
func OpenLists(paths ...string) (*Lists, error) {
	l := &Lists{paths: paths}
	_, err := l.Reload()
	return l, err
}

// Reload takes the files up where one has changed, and reports whether one had.
func (l *Lists) Reload() (changed bool, err error) {
	at := make([]time.Time, len(l.paths))
	old := l.now.Load()
	changed = old == nil
	for i, path := range l.paths {
		about, err := os.Stat(path)
		if err != nil {
			return false, fmt.Errorf("untrusted networks: %w", err)
		}
		at[i] = about.ModTime()
		changed = changed || !at[i].Equal(old.at[i])
	}
	if !changed {
		return false, nil
	}
	fresh := &listed{networks: &bart.Table[Listing]{}, at: at}
	for _, path := range l.paths {
		if err := fresh.read(path); err != nil {
			return false, err
		}
	}
	l.now.Store(fresh)
	return true, nil
}

func (l *listed) read(path string) error {
	b, err := os.ReadFile(path) //nolint:gosec // the operator's own setting
	if err != nil {
		return fmt.Errorf("untrusted networks: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		network, category, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
		p, err := prefix(network)
		if err != nil {
			return fmt.Errorf("untrusted networks: %s, line %d: %q is no address and no network", path, n, clip(network))
		}
		l.networks.Insert(p, Listing{Source: filepath.Base(path), Category: strings.TrimSpace(category), Network: p})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("untrusted networks: %s: %w", path, err)
	}
	return nil
}

var errZone = errors.New("risk: a zone")

func prefix(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if a.Zone() != "" {
		return netip.Prefix{}, errZone
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func clip(text string) string {
	if len(text) > 60 {
		return text[:60] + "…"
	}
	return text
}

// Find is where an address is listed, nil for nowhere.
func (l *Lists) Find(at netip.Addr) *Listing {
	if l == nil || !at.IsValid() {
		return nil
	}
	now := l.now.Load()
	if now == nil {
		return nil
	}
	found, ok := now.networks.Lookup(at.Unmap().WithZone(""))
	if !ok {
		return nil
	}
	return &found
}
