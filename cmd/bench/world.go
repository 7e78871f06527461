package main

import (
	"errors"
	"net"
	"os"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// writeWorld makes a database of places in which this machine is in Berlin, so that rules
// are given as much of a place as they would be elsewhere.
func writeWorld(path string) (err error) {
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	if err != nil {
		return err
	}
	names := func(text string) mmdbtype.Map { return mmdbtype.Map{"en": mmdbtype.String(text)} }
	here := &net.IPNet{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}
	if err := w.Insert(here, mmdbtype.Map{
		"country":      mmdbtype.Map{"iso_code": mmdbtype.String("DE"), "names": names("Germany")},
		"continent":    mmdbtype.Map{"code": mmdbtype.String("EU")},
		"city":         mmdbtype.Map{"names": names("Berlin")},
		"subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String("BE"), "names": names("Berlin")}},
		"location": mmdbtype.Map{
			"latitude": mmdbtype.Float64(52.52), "longitude": mmdbtype.Float64(13.405), "time_zone": mmdbtype.String("Europe/Berlin"),
		},
	}); err != nil {
		return err
	}
	f, err := os.Create(path) //nolint:gosec // in our own directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = w.WriteTo(f)
	return err
}
