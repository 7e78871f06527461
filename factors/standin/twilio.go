package standin

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// A Sent is a text message or a call that a vendor was asked for.
type Sent struct {
	Kind string // "text" or "call"
	From string // number or messaging service
	To   string // E.164
	Text string // as written; of a call: as heard
	Says []Says // of a call
	ID   string // that the other side gave it, where it can
}

// Says is one sentence of a call.
type Says struct{ Language, Text string }

// Twilio speaks the part of Twilio's REST API 2010-04-01 that sends texts and places
// calls. https://www.twilio.com/docs/messaging/api/message-resource,
// https://www.twilio.com/docs/voice/api/call-resource
type Twilio struct {
	AccountSID, AuthToken string
	Got                   func(Sent)
	Faults                Faults
}

var (
	e164   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	spaces = regexp.MustCompile(`\s+`)
)

// ServeHTTP implements http.Handler.
func (t *Twilio) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := t.Faults.take(r)
	if fault.Drop && !fault.After {
		drop()
	}
	name, password, _ := r.BasicAuth()
	if !hmac.Equal([]byte(name+"\n"+password), []byte(t.AccountSID+"\n"+t.AuthToken)) {
		t.refuse(w, http.StatusUnauthorized, 20003, "Authenticate")
		return
	}
	base := "/2010-04-01/Accounts/" + t.AccountSID
	if r.Method != http.MethodPost || r.URL.Path != base+"/Messages.json" && r.URL.Path != base+"/Calls.json" {
		t.refuse(w, http.StatusNotFound, 20404, "The requested resource "+r.URL.Path+" was not found")
		return
	}
	if fault.Status != 0 {
		t.refuse(w, fault.Status, fault.Code, fault.Reason)
		return
	}
	if err := r.ParseForm(); err != nil {
		t.refuse(w, http.StatusBadRequest, 20001, "Bad request")
		return
	}
	s, code, why := t.read(r, r.URL.Path == base+"/Calls.json")
	if code != 0 {
		t.refuse(w, http.StatusBadRequest, code, why)
		return
	}
	t.Got(s)
	if fault.Drop {
		drop()
	}
	sid := map[string]string{"text": "SM", "call": "CA"}[s.Kind] + hex.EncodeToString([]byte(rand.Text()[:16]))
	reply(w, http.StatusCreated, map[string]any{"sid": sid, "account_sid": t.AccountSID, "to": s.To, "from": s.From, "status": "queued"})
}

// read checks the parameters as Twilio does and says which of its errors they are.
func (t *Twilio) read(r *http.Request, call bool) (s Sent, code int, why string) {
	form := r.PostForm
	s = Sent{Kind: "text", To: form.Get("To"), From: form.Get("From"), Text: form.Get("Body")}
	service := form.Get("MessagingServiceSid")
	if !e164.MatchString(s.To) {
		return s, 21211, fmt.Sprintf("The 'To' number %s is not a valid phone number.", s.To)
	}
	if call {
		s.Kind = "call"
		if s.Says, s.Text, code = heard(form.Get("Twiml")); code != 0 {
			return s, code, "Twiml is not valid"
		}
	} else if s.From == "" {
		s.From = service
	}
	switch {
	case s.From == "":
		return s, 21603, "A 'From' phone number is required."
	case s.Text == "" || len(s.Text) > 1600:
		return s, 21602, "Message body is required."
	}
	return s, 0, ""
}

func (t *Twilio) refuse(w http.ResponseWriter, status, code int, why string) {
	reply(w, status, map[string]any{
		"code": code, "message": why, "status": status, "more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code),
	})
}

// heard reads TwiML: what a voice says, in one line.
func heard(document string) (says []Says, text string, code int) {
	var twiml struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []struct {
			XMLName  xml.Name
			Language string `xml:"language,attr"`
			Length   string `xml:"length,attr"`
			Text     string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(document), &twiml); err != nil { //nolint:gosec // a struct of texts
		return nil, "", 12100 // Document parse failure
	}
	var all []string
	for _, v := range twiml.Verbs {
		switch v.XMLName.Local {
		case "Say":
			says = append(says, Says{v.Language, strings.TrimSpace(v.Text)})
			all = append(all, strings.TrimSpace(v.Text))
		case "Pause":
		default:
			return nil, "", 12200 // Schema validation warning
		}
	}
	return says, spaces.ReplaceAllString(strings.Join(all, " "), " "), 0
}
