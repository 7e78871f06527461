package flows

import (
	"net/http"
	"strings"
)

// handheld reports whether a page is shown on a phone, which can open an app but not take
// a picture of itself. Browsers with client hints say so; of the others all name "Mobi".
// A wrong guess hides nothing: the picture is one press away.
func handheld(r *http.Request) bool {
	switch r.Header.Get("Sec-Ch-Ua-Mobile") {
	case "?1":
		return true
	case "?0":
		return false
	}
	return strings.Contains(r.UserAgent(), "Mobi")
}
