package management

import (
	"fmt"
	"strconv"

	"github.com/sallyport-id/sallyport/storage"
)

// ValidateTenant checks what the tenant's settings say beside its policy. The error is an
// *Invalid with all faults.
func ValidateTenant(s *storage.Settings) error {
	var f faults
	if n := len(s.AllowedLogoutURLs); n > maxRedirects {
		f.add("allowed_logout_urls", fmt.Sprintf("there are %d", n), "list at most %d", maxRedirects)
		return f.err()
	}
	for i, uri := range s.AllowedLogoutURLs {
		if why, mend := redirectFault(uri, true); why != "" {
			f.redirect("allowed_logout_urls["+strconv.Itoa(i)+"]", why, mend)
		}
	}
	return f.err()
}
