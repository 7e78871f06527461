package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// explain says what came between this device and its site, with the mend.
func explain(err error, base string) error {
	var refused *standin.Refused
	var network *url.Error
	site := siteOf(base)
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped")
	case errors.As(err, &refused):
		return errors.New(refusal(refused, site))
	case errors.As(err, &network):
		return fmt.Errorf("%s cannot be reached: %w; see whether this computer is online, then try again", site, network.Err)
	}
	return fmt.Errorf("%s answers what this program cannot read; see whether its address is right", site)
}

func refusal(r *standin.Refused, site string) string {
	switch {
	case r.Code == "enrollment_transaction_not_found":
		return "this address has expired or was used; show a new picture on the site and copy its address"
	case r.Code == "enrollment_conflict":
		return "another device was set up by this address; show a new picture on the site and copy its address"
	case gone(r):
		return site + " has forgotten this device; set it up anew, and remove the old account here"
	case r.Status == http.StatusUnauthorized:
		return site + " does not take this device's signature; see whether this computer's clock is right"
	case r.RetryAfter > 0:
		return fmt.Sprintf("%s wants to be left alone for %.0f s (%d); wait, then try again", site, math.Ceil(r.RetryAfter.Seconds()), r.Status)
	case r.Code == "" && r.Status < http.StatusInternalServerError:
		return fmt.Sprintf("%s answers %d and does not speak with devices; see whether its address is right", site, r.Status)
	case r.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("%s answers %d; try again in a moment", site, r.Status)
	}
	return fmt.Sprintf("%s refuses (%d %s): %s", site, r.Status, plain(r.Code), plain(r.Message))
}

// gone reports whether the site says that it does not know the device any more. A 404
// without a code is another server's.
func gone(err error) bool {
	var r *standin.Refused
	return errors.As(err, &r) && r.Status == http.StatusNotFound && (r.Code == "device_account_not_found" || r.Code == "enrollment_not_found")
}

// siteOf is the host of a site, as people know it.
func siteOf(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "the site"
	}
	return plain(u.Host)
}
