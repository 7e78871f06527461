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
	demoTwilioToken   = "theTokenOfNobody"
	demoNumber        = "+15005550006"
	demoDuoClient     = "DI000000000000000000"
	demoDuoSecret     = "the-secret-of-nobody-at-all-000000000000"
	demoDuoHost       = "api-00000000.duosecurity.example"
)

// vendors are the settings that point every factor at a stand-in behind the start
// page.
func (d *demoData) vendors(desk string) string {
	twilio := fmt.Sprintf("    sender: twilio\n    twilio: {account_sid: %s, auth_token: %s, from: %q, base_url: %q}\n",
		demoTwilioAccount, demoTwilioToken, demoNumber, desk)
	web := fmt.Sprintf("  push:\n    web_push: {private_key: %s, subject: %q, base_url: %q}\n", d.WebPush, "mailto:nobody@demo.example", desk)
	return "factors:\n  sms:\n" + twilio + "  voice:\n" + twilio + web +
		fmt.Sprintf("  duo: {client_id: %s, client_secret: %s, api_host: %s, base_url: %q}\n", demoDuoClient, demoDuoSecret, demoDuoHost, desk)
}

// outside is the start page with the stand-ins, which put what they are given into the
// inbox.
func outside(inbox *demo.Inbox, pushes *standin.PushService, now func() time.Time, desk http.Handler) http.Handler {
	subjects := map[string]string{"text": "Text message", "call": "Phone call"}
	twilio := &standin.Twilio{AccountSID: demoTwilioAccount, AuthToken: demoTwilioToken, Got: func(s standin.Sent) {
		inbox.Put(demo.Message{To: s.To, Subject: subjects[s.Kind], Text: s.Text, At: now()})
	}}
	pushes.Got = func(p standin.Pushed) {
		text := "A browser is told that something is asked. Only that browser can read it; the page /authenticator asks by itself while it is open."
		inbox.Put(demo.Message{To: "a browser", Subject: "Push notification", Text: text, At: now()})
	}
	mux := http.NewServeMux()
	for _, path := range []string{"POST /checkin", "POST /c2dm/", "POST /fcm/send/", "POST /wp/"} {
		mux.Handle(path, pushes)
	}
	mux.Handle("/2010-04-01/", twilio)
	mux.Handle("/oauth/v1/", &standin.Duo{ClientID: demoDuoClient, ClientSecret: demoDuoSecret, APIHost: demoDuoHost})
	mux.Handle("/", desk)
	return mux
}
