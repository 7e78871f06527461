package management

import (
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

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
	if s.SupportEmail != "" && !mailAddress(s.SupportEmail) {
		f.add("support_email", "is no e-mail address", "write it as help@example.com")
	}
	if s.SupportURL != "" && !webAddress(s.SupportURL) {
		f.add("support_url", "is no address of the web", "write it as https://example.com/help")
	}
	if strings.ContainsFunc(s.FriendlyName, misleads) {
		f.add("friendly_name", "has invisible or direction-changing characters", "leave them out")
	}
	for i, uri := range s.AllowedLogoutURLs {
		if why, mend := redirectFault(uri, true); why != "" {
			f.redirect("allowed_logout_urls["+strconv.Itoa(i)+"]", why, mend)
		}
	}
	return f.err()
}

func mailAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
