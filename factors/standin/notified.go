package standin

import (
	"encoding/json"
	"strings"
	"time"
)

// A Notified is a notification that a vendor took for a phone.
type Notified struct {
	Vendor      string // "apns", "fcm" or "sns"
	Platform    string // "APNS", "APNS_SANDBOX" or "GCM"
	Token       string // of the phone
	Title, Body string // what an iPhone shows; an Android phone writes its own
	Category    string // of an iPhone's notification, which its buttons depend on
	Data        map[string]any
	ID          string // that the other side gave it
	Collapse    string // what it takes the place of
	Expires     time.Time
	Payload     []byte // as the phone gets it
}

// largestPayload is what Apple and Google pass on at most, in bytes.
const largestPayload = 4096

// readApple reads what an iPhone gets as an app with a Guardian SDK does. The reason is
// Apple's word for what it refuses.
func (n *Notified) readApple(text []byte) (reason string) {
	switch {
	case len(text) == 0:
		return "PayloadEmpty"
	case len(text) > largestPayload:
		return "PayloadTooLarge"
	}
	var p struct {
		APS struct {
			Alert struct {
				Title string `json:"title"`
				Body  string `json:"body"`
			} `json:"alert"`
			Category string `json:"category"`
		} `json:"aps"`
		MFA map[string]any `json:"mfa"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return "PayloadEmpty"
	}
	n.Title, n.Body, n.Category, n.Data, n.Payload = p.APS.Alert.Title, p.APS.Alert.Body, p.APS.Category, p.MFA, text
	return ""
}

// readGoogle reads a message of FCM, for an Android phone. why is empty where it is one.
func (n *Notified) readGoogle(text []byte) (why string) {
	var m struct {
		Token        string         `json:"token"`
		Data         map[string]any `json:"data"`
		Notification struct {
			Title string `json:"title"`
			Body  string `json:"body"`
		} `json:"notification"`
		Android struct {
			Priority string `json:"priority"`
			TTL      string `json:"ttl"`
			Collapse string `json:"collapse_key"`
		} `json:"android"`
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields() // "Invalid JSON payload received. Unknown name"
	if err := d.Decode(&m); err != nil {
		return "Invalid JSON payload received."
	}
	size := 0
	for key, value := range m.Data {
		s, ok := value.(string)
		switch {
		case !ok:
			return "Invalid value at 'message.data' (TYPE_STRING)"
		case key == "from", key == "message_type", strings.HasPrefix(key, "google."), strings.HasPrefix(key, "gcm."):
			return "Invalid data payload key: " + key
		}
		size += len(key) + len(s)
	}
	ttl, err := time.ParseDuration(m.Android.TTL)
	switch {
	case size > largestPayload:
		return "Android message is too big"
	case m.Android.TTL != "" && (err != nil || !strings.HasSuffix(m.Android.TTL, "s") || ttl < 0 || ttl > 28*24*time.Hour):
		return "Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration)"
	case m.Android.Priority != "" && !strings.EqualFold(m.Android.Priority, "high") && !strings.EqualFold(m.Android.Priority, "normal"):
		return "Invalid value at 'message.android.priority'"
	}
	if n.Token == "" { // Amazon puts it in
		n.Token = m.Token
	}
	n.Title, n.Body, n.Data, n.Collapse, n.Payload = m.Notification.Title, m.Notification.Body, m.Data, m.Android.Collapse, text
	n.Expires = time.Now().Add(ttl)
	return ""
}
