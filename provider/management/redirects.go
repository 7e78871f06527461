package management

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	maxRedirects  = 100
	maxRedirect   = 2048 // bytes
	maxKeySetSize = 64 << 10
)

// validateRedirects keeps REG-03: what could hand a code to somebody else is refused
// at registration, so that the authorization endpoint only has to compare.
func validateRedirects(f *faults, m *storage.ClientMetadata) {
	code := len(m.ResponseTypes) > 0
	if code && len(m.RedirectURIs) == 0 {
		f.redirect("redirect_uris", "there is none", "say where the application takes its answers")
	}
	for field, uris := range map[string][]string{
		"redirect_uris": m.RedirectURIs, "post_logout_redirect_uris": m.PostLogoutRedirectURIs,
	} {
		if len(uris) > maxRedirects {
			f.redirect(field, fmt.Sprintf("there are %d", len(uris)), fmt.Sprintf("register at most %d", maxRedirects))
			continue
		}
		for i, uri := range uris {
			if why, mend := redirectFault(uri, m.ApplicationType == "native"); why != "" {
				f.redirect(field+"["+strconv.Itoa(i)+"]", why, mend)
			}
		}
	}
}

// validateOrigins keeps web origins what browsers send as Origin, so that comparing is
// enough.
func validateOrigins(f *faults, origins []string) {
	if len(origins) > maxRedirects {
		f.add("settings.web_origins", fmt.Sprintf("there are %d", len(origins)), "register at most %d", maxRedirects)
		return
	}
	for i, one := range origins {
		u, err := url.Parse(one)
		switch {
		case err != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) || u.Hostname() == "":
		case one != strings.ToLower(u.Scheme+"://"+u.Host) || strings.ContainsAny(u.Host, "*%") || strings.HasSuffix(u.Host, ":"):
		case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		default:
			continue
		}
		f.add("settings.web_origins["+strconv.Itoa(i)+"]", strconv.Quote(one)+" is not an origin", "use https://app.example, in lower case and without a path; http is for loopback addresses only")
	}
}

func (f *faults) redirect(field, why, mend string) {
	*f = append(*f, Fault{Field: field, Code: InvalidRedirectURI, Why: why, Mend: mend})
}

// redirectFault says what is wrong with uri: RFC 6749 §3.1.2, RFC 8252 §7 and
// RFC 9700 §4.1.
func redirectFault(uri string, native bool) (why, mend string) {
	if len(uri) > maxRedirect {
		return fmt.Sprintf("has %d bytes", len(uri)), fmt.Sprintf("use at most %d", maxRedirect)
	}
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return "has spaces, controls, backslashes or other than ASCII characters", "percent-encode them"
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs():
		return strconv.Quote(uri) + " is not an absolute address", "use https://app.example/callback"
	case strings.Contains(uri, "#"):
		return "has a fragment", "leave out what follows #"
	case u.User != nil:
		return "has a user name in it", "leave out what stands before @"
	case strings.Contains(uri, "*"):
		return "has a wildcard", "register each address"
	}
	switch {
	case u.Scheme == "https" && u.Hostname() != "":
		return "", ""
	case u.Scheme == "http" && loopback(u.Hostname()):
		return "", ""
	case u.Scheme == "http":
		return "is not encrypted", "use https; http is for loopback addresses only"
	case !strings.Contains(u.Scheme, "."):
		return "the scheme " + strconv.Quote(u.Scheme) + " is not one an application can own",
			"use https, or for a native application a scheme made of its domain, such as com.example.app:/callback"
	case !native:
		return "has a scheme of its own", "set application_type to native or use https"
	}
	return "", ""
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// validateKeys keeps REG-04: public keys only, strong ones, in one place.
func validateKeys(f *faults, m *storage.ClientMetadata) {
	if m.TokenEndpointAuthMethod == "private_key_jwt" && len(m.JWKS) == 0 && m.JWKSURI == "" {
		f.add("jwks", "private_key_jwt needs the client's public keys", "give jwks or jwks_uri")
	}
	if len(m.JWKS) > 0 && m.JWKSURI != "" {
		f.add("jwks", "stands beside jwks_uri", "leave one of them out")
	}
	if m.JWKSURI != "" {
		u, err := url.Parse(m.JWKSURI)
		if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
			f.add("jwks_uri", strconv.Quote(m.JWKSURI)+" is not an https address", "use https://…")
		}
	}
	if len(m.JWKS) == 0 {
		return
	}
	if len(m.JWKS) > maxKeySetSize {
		f.add("jwks", fmt.Sprintf("has %d bytes", len(m.JWKS)), "use at most %d", maxKeySetSize)
		return
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(m.JWKS, &set); err != nil || len(set.Keys) == 0 {
		f.add("jwks", "is not a key set (RFC 7517 §5)", `give {"keys": […]} with at least one key`)
		return
	}
	for i, key := range set.Keys {
		validateKey(f, "jwks.keys["+strconv.Itoa(i)+"]", key)
	}
}

func validateKey(f *faults, field string, key jose.JSONWebKey) {
	if !key.IsPublic() {
		f.add(field, "holds a secret or private key", "register its public half only, and replace the key: it has been shown")
		return
	}
	if rsa, ok := key.Key.(interface{ Size() int }); ok && rsa.Size()*8 < 2048 {
		f.add(field, fmt.Sprintf("is an RSA key of %d bits", rsa.Size()*8), "use at least 2048")
	}
}
