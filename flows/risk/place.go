package risk

import "math"

// A Place is what a database of locations says of an address. Its JSON is
// request.geoip of actions.
type Place struct {
	CountryCode     string  `json:"countryCode,omitempty"` // ISO 3166-1 alpha-2
	CountryCode3    string  `json:"countryCode3,omitempty"`
	CountryName     string  `json:"countryName,omitempty"`
	ContinentCode   string  `json:"continentCode,omitempty"`
	SubdivisionCode string  `json:"subdivisionCode,omitempty"`
	SubdivisionName string  `json:"subdivisionName,omitempty"`
	CityName        string  `json:"cityName,omitempty"`
	Latitude        float64 `json:"latitude,omitempty"`
	Longitude       float64 `json:"longitude,omitempty"`
	TimeZone        string  `json:"timeZone,omitempty"` // IANA
	Anonymous       bool    `json:"-"`                  // a proxy that hides where people are
}

// Located reports whether the coordinates are known.
func (p Place) Located() bool { return p.Latitude != 0 || p.Longitude != 0 }

const earth = 6371.0 // km, mean radius

// Distance is the shortest way over the ground between two places, in kilometres
// (haversine).
func Distance(a, b Place) float64 {
	rad := func(d float64) float64 { return d * math.Pi / 180 }
	lat, lon := rad(b.Latitude-a.Latitude), rad(b.Longitude-a.Longitude)
	h := math.Pow(math.Sin(lat/2), 2) + math.Cos(rad(a.Latitude))*math.Cos(rad(b.Latitude))*math.Pow(math.Sin(lon/2), 2)
	return 2 * earth * math.Asin(math.Min(1, math.Sqrt(h)))
}
