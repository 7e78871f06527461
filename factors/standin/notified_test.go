package standin

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What Google refuses of a message, and what it takes.
func TestReadGoogle(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"token":"a","data":{"k":"v"}}`:                                 true,
		`{"token":"a","data":{"k":"v"},"android":{"ttl":"3.5s"}}`:        true,
		`{"data":{"k":"` + strings.Repeat("x", largestPayload-1) + `"}}`: true,
		`{"data":{"k":"` + strings.Repeat("x", largestPayload) + `"}}`:   false,
		`{"data":{"k":1}}`:                              false,
		`{"data":{"k":{"n":"v"}}}`:                      false,
		`{"data":{"from":"v"}}`:                         false,
		`{"data":{"google.k":"v"}}`:                     false,
		`{"data":{"k":"v"},"android":{"ttl":"60"}}`:     false,
		`{"data":{"k":"v"},"android":{"ttl":"1m"}}`:     false,
		`{"data":{"k":"v"},"android":{"ttl":"-1s"}}`:    false,
		`{"data":{"k":"v"},"android":{"priority":"5"}}`: false,
		`{"data":{"k":"v"},"priority":"high"}`:          false, // of the API before this one
		`{"data":`:                                      false,
	} {
		var n Notified
		if why := n.readGoogle([]byte(text)); (why == "") != ok {
			t.Errorf("%.60s: %q", text, why)
		}
	}
}

func TestReadApple(t *testing.T) {
	fits := `{"aps":{},"x":"` + strings.Repeat("x", largestPayload-len(`{"aps":{},"x":""}`)) + `"}`
	for text, want := range map[string]string{fits: "", fits + " ": "PayloadTooLarge", "": "PayloadEmpty", "{": "PayloadEmpty"} {
		var n Notified
		if reason := n.readApple([]byte(text)); reason != want {
			t.Errorf("%.20q: %q, want %q", text, reason, want)
		}
	}
}

func TestAppleHeaders(t *testing.T) {
	a := &APNS{Topic: "com.example.acme"}
	for _, c := range []struct{ name, value, want string }{
		{"apns-priority", "5", ""},
		{"apns-priority", "7", "BadPriority"},
		{"apns-expiration", "0", ""},
		{"apns-expiration", "tomorrow", "BadExpirationDate"},
		{"apns-collapse-id", strings.Repeat("a", 65), "BadCollapseId"},
		{"apns-push-type", "", "InvalidPushType"},
		{"apns-topic", "", "MissingTopic"},
		{"apns-topic", "com.example.other", "TopicDisallowed"},
		{"apns-id", "1", "BadMessageId"},
	} {
		h := http.Header{}
		h.Set("apns-topic", "com.example.acme")
		h.Set("apns-push-type", "alert")
		h.Set("apns-id", "123e4567-e89b-12d3-a456-426655440000")
		h.Set(c.name, c.value)
		n := Notified{ID: h.Get("apns-id"), Collapse: h.Get("apns-collapse-id")}
		if reason := a.readHeaders(h, &n); reason != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.value, reason, c.want)
		}
	}
}

// What Google's token endpoint refuses of an assertion that is signed by the account.
func TestGrant(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := &FCM{Project: "p", Account: "a@p", Key: &key.PublicKey, TokenURI: "https://google.example/token"}
	now := time.Now().Unix()
	for name, c := range map[string]struct {
		key   string
		value any
		want  int
	}{
		"right":            {"iss", "a@p", 200},
		"another account":  {"iss", "b@p", 400},
		"another audience": {"aud", "https://fcm.example", 400},
		"another scope":    {"scope", "https://www.googleapis.com/auth/cloud-platform.read-only", 400},
		"no end":           {"exp", nil, 400},
		"over":             {"exp", now - 60, 400},
		"too long":         {"exp", now + 7200, 400},
		"made long ago":    {"iat", now - 3000, 400},
	} {
		claims := jwt.MapClaims{"iss": "a@p", "aud": f.TokenURI, "scope": fcmScope, "iat": now, "exp": now + 600}
		if claims[c.key] = c.value; c.value == nil {
			delete(claims, c.key)
		}
		assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
		r := httptest.NewRequest(http.MethodPost, FCMTokenPath, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if b, _ := io.ReadAll(w.Body); w.Code != c.want {
			t.Errorf("%s: %d %s", name, w.Code, b)
		}
	}
}

// The example of Amazon's documentation of Signature Version 4.
func TestSignatureV4(t *testing.T) {
	a := awsAccount{region: "us-east-1", service: "iam", id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	signed := func(change func(*http.Request)) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		r.Header.Set("X-Amz-Date", "20150830T123600Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "+
			"SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		at     time.Time
		want   string
	}{
		"right":          {func(*http.Request) {}, now, ""},
		"a little later": {func(*http.Request) {}, now.Add(14 * time.Minute), ""},
		"too late":       {func(*http.Request) {}, now.Add(16 * time.Minute), "RequestExpired"},
		"another query":  {func(r *http.Request) { r.URL.RawQuery += "&A=B" }, now, "SignatureDoesNotMatch"},
		"another host":   {func(r *http.Request) { r.Host = "sns.amazonaws.com" }, now, "SignatureDoesNotMatch"},
		"another time":   {func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123601Z") }, now, "SignatureDoesNotMatch"},
		"no signature":   {func(r *http.Request) { r.Header.Del("Authorization") }, now, "IncompleteSignature"},
	} {
		if code := a.signed(signed(c.change), nil, c.at); code != c.want {
			t.Errorf("%s: %q, want %q", name, code, c.want)
		}
	}
	a.secret = "another"
	if code := a.signed(signed(func(*http.Request) {}), nil, now); code != "SignatureDoesNotMatch" {
		t.Errorf("another secret: %q", code)
	}
}
