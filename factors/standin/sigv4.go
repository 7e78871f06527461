package standin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An awsAccount is what requests to Amazon are signed with.
type awsAccount struct{ region, service, id, secret string }

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/([0-9]{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

// awsTime is how Amazon writes times.
const awsTime = "20060102T150405Z"

// signed says by Amazon's error code why the signature of a request is not right:
// Signature Version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (a awsAccount) signed(r *http.Request, body []byte, now time.Time) (code string) {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	at, err := time.Parse(awsTime, r.Header.Get("X-Amz-Date"))
	if m == nil || err != nil {
		return "IncompleteSignature"
	}
	id, day, headers, signature := m[1], m[2], strings.Split(m[5], ";"), m[6]
	switch {
	case id != a.id:
		return "InvalidClientTokenId"
	case day != at.Format("20060102"), m[3] != a.region, m[4] != a.service, !slices.Contains(headers, "host"), !slices.Contains(headers, "x-amz-date"):
		return "SignatureDoesNotMatch"
	case now.Sub(at).Abs() > 15*time.Minute:
		return "RequestExpired"
	}
	scope := strings.Join([]string{day, a.region, a.service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", at.Format(awsTime), scope, digest(canonical(r, headers, body))}, "\n")
	key := []byte("AWS4" + a.secret)
	for _, part := range []string{day, a.region, a.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(key)), []byte(signature)) {
		return "SignatureDoesNotMatch"
	}
	return ""
}

// canonical is the request as it is signed.
func canonical(r *http.Request, headers []string, body []byte) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + path + "\n" + strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20") + "\n")
	for _, name := range headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name { // which net/http takes out of the headers
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	b.WriteString("\n" + strings.Join(headers, ";") + "\n" + digest(string(body)))
	return b.String()
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
