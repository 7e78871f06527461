package risk

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// An Atlas finds places in an operator's database (MMDB), and takes a new version of the
// file up while it runs. A version that cannot be read is refused, and the one before
// stays. The zero value knows nothing.
type Atlas struct {
	path string
	now  atomic.Pointer[edition]
}

// An edition is one version of the file.
type edition struct {
	reader *maxminddb.Reader
	at     time.Time // of the file
	size   int64
}

// OpenAtlas opens the database at path; "" gives an Atlas that knows nothing. The error
// names the file.
func OpenAtlas(path string) (*Atlas, error) {
	a := &Atlas{path: path}
	if path == "" {
		return a, nil
	}
	_, err := a.Reload()
	return a, err
}

// Reload takes the file up where it has changed, and reports whether it had.
func (a *Atlas) Reload() (changed bool, err error) {
	if a.path == "" {
		return false, nil
	}
	about, err := os.Stat(a.path)
	if err != nil {
		return false, fmt.Errorf("locations: %w", err)
	}
	if old := a.now.Load(); old != nil && old.at.Equal(about.ModTime()) && old.size == about.Size() {
		return false, nil
	}
	// Read, not mapped: a file that is written over would change under our feet.
	b, err := os.ReadFile(a.path)
	if err != nil {
		return false, fmt.Errorf("locations: %w", err)
	}
	reader, err := maxminddb.OpenBytes(b)
	if err == nil {
		err = probe(reader)
	}
	if err != nil {
		return false, fmt.Errorf("locations: %s is no MMDB database: %w", a.path, err)
	}
	a.now.Store(&edition{reader, about.ModTime(), about.Size()})
	return true, nil
}

// probed is how many networks of a new version are read before it is believed.
const probed = 1000

// probe reads the beginning of a database: Reader.Verify reads all of it, and refuses
// good ones for want of a description.
func probe(reader *maxminddb.Reader) error {
	n := 0
	for result := range reader.Networks() {
		var r any
		if err := errors.Join(result.Err(), result.Decode(&r)); err != nil {
			return err
		}
		if n++; n == probed {
			break
		}
	}
	return nil
}

// Two layouts are around: nested as GeoLite2's, and flat.
type (
	nested struct {
		Country   named `maxminddb:"country"`
		Continent struct {
			Code string `maxminddb:"code"`
		} `maxminddb:"continent"`
		City         named   `maxminddb:"city"`
		Subdivisions []named `maxminddb:"subdivisions"`
		Location     struct {
			Latitude  float64 `maxminddb:"latitude"`
			Longitude float64 `maxminddb:"longitude"`
			TimeZone  string  `maxminddb:"time_zone"`
		} `maxminddb:"location"`
		Traits struct {
			Anonymous bool `maxminddb:"is_anonymous"`
			Proxy     bool `maxminddb:"is_anonymous_proxy"`
		} `maxminddb:"traits"`
	}
	named struct {
		Code  string            `maxminddb:"iso_code"`
		Names map[string]string `maxminddb:"names"`
	}
	flat struct {
		Country   string  `maxminddb:"country_code"`
		City      string  `maxminddb:"city"`
		State     string  `maxminddb:"state1"`
		Latitude  float64 `maxminddb:"latitude"`
		Longitude float64 `maxminddb:"longitude"`
		TimeZone  string  `maxminddb:"timezone"`
	}
)

func (r nested) place() Place {
	p := Place{
		CountryCode: r.Country.Code, CountryName: r.Country.Names["en"], ContinentCode: r.Continent.Code, CityName: r.City.Names["en"],
		Latitude: r.Location.Latitude, Longitude: r.Location.Longitude, TimeZone: r.Location.TimeZone, Anonymous: r.Traits.Anonymous || r.Traits.Proxy,
	}
	if len(r.Subdivisions) > 0 {
		p.SubdivisionCode, p.SubdivisionName = r.Subdivisions[0].Code, r.Subdivisions[0].Names["en"]
	}
	return p
}

func (r flat) place() Place {
	return Place{
		CountryCode: r.Country, CityName: r.City, SubdivisionName: r.State, Latitude: r.Latitude, Longitude: r.Longitude, TimeZone: r.TimeZone,
	}
}

var errNoPlace = errors.New("risk: no place")

// Find is the place of an address, nil where it is not known.
func (a *Atlas) Find(at netip.Addr) *Place {
	if a == nil || !at.IsValid() {
		return nil
	}
	e := a.now.Load()
	if e == nil {
		return nil
	}
	p, err := e.find(at.Unmap())
	if err != nil {
		return nil
	}
	return p
}

func (e *edition) find(at netip.Addr) (*Place, error) {
	result := e.reader.Lookup(at)
	if err := result.Err(); err != nil || !result.Found() {
		return nil, errors.Join(err, errNoPlace)
	}
	var n nested
	var f flat
	p := Place{}
	if err := result.Decode(&f); err == nil && f.Country != "" {
		p = f.place()
	} else if err := result.Decode(&n); err == nil {
		p = n.place()
	}
	if p.CountryCode == "" && !p.Located() {
		return nil, errNoPlace
	}
	return &p, nil
}
