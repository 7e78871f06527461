package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/standin"
)

// The account that the demo has at its own stand-ins for vendors. It opens nothing.
const (
	demoTwilioAccount = "AC00000000000000000000000000000000"
	demoTwilioToken   = "the-token-of-nobody"
	demoNumber        = "+15005550006"
)

// vendors are the settings that point every factor at a stand-in behind the start
// page.
func (d *demoData) vendors(desk string) string {
	twilio := fmt.Sprintf("    sender: twilio\n    twilio: {account_sid: %s, auth_token: %s, from: %q, base_url: %q}\n",
		demoTwilioAccount, demoTwilioToken, demoNumber, desk)
	return "factors:\n  sms:\n" + twilio + "  voice:\n" + twilio
}

// outside is the start page with the stand-ins, which put what they are given into the
// inbox.
func outside(inbox *demo.Inbox, now func() time.Time, desk http.Handler) http.Handler {
	subjects := map[string]string{"text": "Text message", "call": "Phone call"}
	twilio := &standin.Twilio{AccountSID: demoTwilioAccount, AuthToken: demoTwilioToken, Got: func(s standin.Sent) {
		inbox.Put(demo.Message{To: s.To, Subject: subjects[s.Kind], Text: s.Text, At: now()})
	}}
	mux := http.NewServeMux()
	mux.Handle("/2010-04-01/", twilio)
	mux.Handle("/", desk)
	return mux
}
