package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestStepUpReadsTheChallenge(t *testing.T) {
	for challenge, want := range map[string]string{
		`Bearer error="insufficient_user_authentication", error_description="more, please", acr_values="urn:a urn:b", max_age="300"`: "acr_values=urn%3Aa+urn%3Ab&max_age=300",
		`Bearer error="insufficient_user_authentication", max_age=5`:                                                                 "max_age=5",
		`Bearer error="invalid_token", max_age="5"`:                                                                                  "",
		`Bearer`: "",
	} {
		if got := stepUp(challenge).Encode(); got != want {
			t.Errorf("%s\n got %q\nwant %q", challenge, got, want)
		}
	}
}

func TestInboxShowsPeopleAndScripts(t *testing.T) {
	inbox := &Inbox{}
	h := Desk{}.Handler(inbox)
	for i := range maxMessages + 1 {
		inbox.Put(Message{To: "ada@demo.example", Subject: "<b>Hello</b>", Text: "Go to http://127.0.0.1:8080/reset?t=1 now", At: time.Unix(int64(i), 0)})
	}
	r := httptest.NewRequest(http.MethodGet, "/inbox", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if page := w.Body.String(); !strings.Contains(page, "&lt;b&gt;Hello&lt;/b&gt;") || !strings.Contains(page, `href="http://127.0.0.1:8080/reset?t=1"`) {
		t.Errorf("page: %.500s", page)
	}
	r.Header.Set("Accept", "application/json")
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var all []Message
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != maxMessages || all[0].At.Unix() != maxMessages || all[0].Links[0] != "http://127.0.0.1:8080/reset?t=1" {
		t.Errorf("%d messages, first %+v", len(all), all[0])
	}
}

func TestFactsSayWhatWasProved(t *testing.T) {
	now := time.Unix(1_000_100, 0)
	facts := factsOf(map[string]any{"acr": "2", "amr": []any{"pwd", "otp"}, "auth_time": float64(1_000_000)}, now)
	if len(facts) != 3 || facts[1].Value != "pwd otp" || facts[2].Meaning != "the last proof was given 1m40s ago" {
		t.Errorf("%+v", facts)
	}
}

func TestPagesRefuseOtherSites(t *testing.T) {
	h := NewApp(AppOptions{Now: time.Now}).Handler()
	r := httptest.NewRequest(http.MethodPost, "/signout", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
