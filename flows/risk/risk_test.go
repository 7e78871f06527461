package risk

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

var (
	noon   = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	home   = netip.MustParseAddr("203.0.113.7")
	paris  = Place{CountryCode: "FR", Latitude: 48.8566, Longitude: 2.3522}
	berlin = Place{CountryCode: "DE", Latitude: 52.52, Longitude: 13.405}
	sydney = Place{CountryCode: "AU", Latitude: -33.8688, Longitude: 151.2093}
)

// Rows 70 to 74: each assessor's codes, and the whole as the lowest of its parts.
func TestRow70_74_Assessments(t *testing.T) {
	known := []Device{{Mark: "m", UserAgent: "Firefox", LastSeen: noon.Add(-time.Hour)}}
	for name, c := range map[string]struct {
		change func(*Signals)
		part   string
		want   Assessment
		whole  string
	}{
		"known":              {func(*Signals) {}, NewDevice, Assessment{Confidence: High, Code: "match"}, High},
		"an update":          {func(s *Signals) { s.Agent = "Chrome" }, NewDevice, Assessment{Confidence: Medium, Code: "partial_match"}, Medium},
		"another device":     {func(s *Signals) { s.Mark = "x" }, NewDevice, Assessment{Confidence: Low, Code: "unknown_device"}, Low},
		"all unknown":        {func(s *Signals) { s.Mark, s.Agent = "", "curl" }, NewDevice, Assessment{Confidence: Low, Code: "no_match"}, Low},
		"long ago":           {func(s *Signals) { s.Devices[0].LastSeen = noon.Add(-31 * 24 * time.Hour) }, NewDevice, Assessment{Confidence: Low, Code: "no_device_history"}, Low},
		"the first time":     {func(s *Signals) { s.First, s.Devices, s.Last = true, nil, nil }, NewDevice, Assessment{Confidence: Medium, Code: "initial_login"}, Medium},
		"same town":          {func(*Signals) {}, ImpossibleTravel, Assessment{Confidence: High, Code: "minimal_travel_from_last_login"}, High},
		"by train":           {func(s *Signals) { s.Place, s.Last.At = &berlin, noon.Add(-9*time.Hour) }, ImpossibleTravel, Assessment{Confidence: High, Code: "travel_from_last_login"}, High},
		"by air":             {func(s *Signals) { s.Place, s.Last.At = &berlin, noon.Add(-2*time.Hour) }, ImpossibleTravel, Assessment{Confidence: Medium, Code: "substantial_travel_from_last_login"}, Medium},
		"not at all":         {func(s *Signals) { s.Place = &sydney }, ImpossibleTravel, Assessment{Confidence: Low, Code: "impossible_travel_from_last_login"}, Low},
		"no database":        {func(s *Signals) { s.Place = nil }, ImpossibleTravel, Assessment{Confidence: Neutral, Code: "missing_geoip"}, High},
		"a proxy":            {func(s *Signals) { s.Place = &Place{Latitude: 1, Anonymous: true} }, ImpossibleTravel, Assessment{Confidence: Low, Code: "anonymous_proxy"}, Low},
		"before the last":    {func(s *Signals) { s.Last.At = noon.Add(time.Hour) }, ImpossibleTravel, Assessment{Confidence: Low, Code: "invalid_travel"}, Low},
		"no last place":      {func(s *Signals) { s.Last = nil }, ImpossibleTravel, Assessment{Confidence: Neutral, Code: "location_history_not_found"}, High},
		"not listed":         {func(*Signals) {}, UntrustedIP, Assessment{Confidence: High, Code: "not_found_on_deny_list"}, High},
		"listed":             {func(s *Signals) { s.Listed = &Listing{Source: "feed"} }, UntrustedIP, Assessment{Confidence: Low, Code: "found_on_deny_list"}, Low},
		"no address":         {func(s *Signals) { s.Address = netip.Addr{} }, UntrustedIP, Assessment{Confidence: Low, Code: "invalid_ip_address"}, Low},
		"a voip number":      {func(s *Signals) { s.Phone = &Phone{Kind: "voip"} }, PhoneNumber, Assessment{Confidence: Medium, Code: "virtual_number"}, Medium},
		"a new number":       {func(s *Signals) { s.Phone = &Phone{Kind: "mobile", AddedAt: noon.Add(-time.Hour)} }, PhoneNumber, Assessment{Confidence: Low, Code: "recent_change"}, Low},
		"a risky country":    {func(s *Signals) { s.Phone = &Phone{Kind: "mobile", Country: "XX"} }, PhoneNumber, Assessment{Confidence: Low, Code: "risky_country"}, Low},
		"no number":          {func(*Signals) {}, PhoneNumber, Assessment{Confidence: Neutral, Code: "no_phone_number"}, High},
		"one that failed":    {func(s *Signals) { s.Failed = []string{UntrustedIP} }, UntrustedIP, Assessment{Confidence: Low, Code: "assessment_not_available"}, Low},
		"listed and trusted": {func(s *Signals) { s.Listed, s.Address = &Listing{}, netip.MustParseAddr("10.1.1.1") }, UntrustedIP, Assessment{Confidence: High, Code: "not_found_on_deny_list"}, High},
	} {
		s := Signals{
			Now: noon, Address: home, Place: &paris, Mark: "m", Agent: "Firefox", Devices: append([]Device{}, known...), Last: &Visit{paris, noon.Add(-time.Hour)},
		}
		c.change(&s)
		config := DefaultConfig()
		config.RiskyCountries, config.Trusted = []string{"XX"}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		r := Assess(s, config)
		got := r.Assessments[c.part]
		if got.Confidence != c.want.Confidence || got.Code != c.want.Code || r.Confidence != c.whole {
			t.Errorf("%s: %+v, the whole %s; want %+v, %s", name, got, r.Confidence, c.want, c.whole)
		}
	}
	if r := Assess(Signals{Address: home, First: true}, DefaultConfig()); r.Confidence != Medium {
		t.Errorf("the very first sign-in: %+v", r)
	}
	if d := Distance(paris, sydney); d < 16_900 || d > 17_000 {
		t.Errorf("Paris to Sydney: %f km", d)
	}
}

// world makes a database in which a network is in a place.
func world(t *testing.T, path, network, country string, at time.Time) {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, n, err := net.ParseCIDR(network)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Insert(n, mmdbtype.Map{
		"country":   mmdbtype.Map{"iso_code": mmdbtype.String(country), "names": mmdbtype.Map{"en": mmdbtype.String("Somewhere")}},
		"continent": mmdbtype.Map{"code": mmdbtype.String("EU")},
		"location":  mmdbtype.Map{"latitude": mmdbtype.Float64(52.5), "longitude": mmdbtype.Float64(13.4), "time_zone": mmdbtype.String("Europe/Berlin")},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// A new version is taken up; a broken one is refused and the old one stays; no file is a
// clear unknown.
func TestAtlas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	if _, err := OpenAtlas(path); err == nil {
		t.Error("a file that is not there was opened")
	}
	world(t, path, "203.0.113.0/24", "DE", noon)
	a, err := OpenAtlas(path)
	if err != nil {
		t.Fatal(err)
	}
	if p := a.Find(home); p == nil || p.CountryCode != "DE" || p.ContinentCode != "EU" || p.TimeZone != "Europe/Berlin" || !p.Located() {
		t.Errorf("%+v", p)
	}
	if p := a.Find(netip.MustParseAddr("198.51.100.1")); p != nil {
		t.Errorf("a place out of nowhere: %+v", p)
	}
	world(t, path, "203.0.113.0/24", "FR", noon.Add(time.Hour))
	if changed, err := a.Reload(); !changed || err != nil || a.Find(home).CountryCode != "FR" {
		t.Errorf("%v, %v", changed, err)
	}
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Reload(); err == nil || !strings.Contains(err.Error(), path) || a.Find(home).CountryCode != "FR" {
		t.Errorf("%v", err)
	}
	none, err := OpenAtlas("")
	if err != nil || none.Find(home) != nil {
		t.Errorf("%v", err)
	}
}

func TestLists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.txt")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("# feed\n203.0.113.0/24\ttor exit # today\n2001:db8::/32\n198.51.100.9\n", noon)
	l, err := OpenLists(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Find(home); got == nil || got.Category != "tor exit" || got.Source != "feed.txt" {
		t.Errorf("%+v", got)
	}
	for address, listed := range map[string]bool{"198.51.100.9": true, "198.51.100.10": false, "2001:db8::1": true, "::ffff:203.0.113.9": true, "10.0.0.1": false} {
		if (l.Find(netip.MustParseAddr(address)) != nil) != listed {
			t.Errorf("%s", address)
		}
	}
	write("203.0.113.0/24\nnonsense\n", noon.Add(time.Hour))
	if _, err := l.Reload(); err == nil || !strings.Contains(err.Error(), "line 2") || l.Find(home) == nil {
		t.Errorf("%v", err)
	}
	write("10.0.0.0/8\n", noon.Add(2*time.Hour))
	if changed, err := l.Reload(); !changed || err != nil || l.Find(home) != nil {
		t.Errorf("%v, %v", changed, err)
	}
}
