package standin

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// SNS is the part of Amazon SNS that notifies phones, by the query protocol: a form in,
// XML out, signed with Signature Version 4.
// https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html,
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
type SNS struct {
	Region                       string
	AccessKeyID, SecretAccessKey string
	Applications                 []string // ARNs of platform applications
	Got                          func(Notified)
	Faults                       Faults

	mu        sync.Mutex
	endpoints []*snsEndpoint
}

// An snsEndpoint is a phone at an application.
type snsEndpoint struct {
	arn, application, token, data string
	disabled                      bool
}

// Disable is what Amazon does with a phone that Apple or Google do not know any more.
func (s *SNS) Disable(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.endpoints {
		if e.token == token {
			e.disabled = true
		}
	}
}

// Adopt makes an endpoint as another system would, with data of its own.
func (s *SNS) Adopt(application, token, data string) (arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &snsEndpoint{arn: strings.Replace(application, ":app/", ":endpoint/", 1) + "/" + uuid.NewString(), application: application, token: token, data: data}
	s.endpoints = append(s.endpoints, e)
	return e.arn
}

// An snsError is an answer that refuses.
type snsError struct {
	status    int
	code, why string
}

// ServeHTTP implements http.Handler.
func (s *SNS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := s.Faults.take(r)
	if fault.Drop && !fault.After {
		drop()
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	form, bad := url.ParseQuery(string(body))
	account := awsAccount{s.Region, "sns", s.AccessKeyID, s.SecretAccessKey}
	var e *snsError
	var result any
	switch code := account.signed(r, body, time.Now()); {
	case r.Method != http.MethodPost || err != nil || bad != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
		e = &snsError{http.StatusBadRequest, "MalformedQueryString", "no form"}
	case code != "":
		e = &snsError{http.StatusForbidden, code, "The request signature we calculated does not match the signature you provided."}
	case fault.Status != 0:
		e = &snsError{fault.Status, fault.Reason, "as it was told to"}
	case form.Get("Version") != "2010-03-31":
		e = &snsError{http.StatusBadRequest, "InvalidAction", "no version"}
	case form.Get("Action") == "CreatePlatformEndpoint":
		result, e = s.create(form)
	case form.Get("Action") == "Publish":
		result, e = s.publish(form)
	default:
		e = &snsError{http.StatusBadRequest, "InvalidAction", "not here"}
	}
	if e != nil {
		s.refuse(w, *e)
		return
	}
	if fault.Drop {
		drop()
	}
	s.reply(w, http.StatusOK, form.Get("Action"), result)
}

func (s *SNS) create(form url.Values) (any, *snsError) {
	type made struct {
		XMLName xml.Name `xml:"CreatePlatformEndpointResult"`
		ARN     string   `xml:"EndpointArn"`
	}
	application, token, data := form.Get("PlatformApplicationArn"), form.Get("Token"), form.Get("CustomUserData")
	switch {
	case !slices.Contains(s.Applications, application):
		return nil, &snsError{http.StatusNotFound, "NotFound", "PlatformApplication does not exist"}
	case token == "" || strings.Contains(application, ":app/APNS") && !appleTokens.MatchString(token):
		return nil, &snsError{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: Token Reason: iOS device tokens must be no more than 400 hexadecimal characters"}
	}
	s.mu.Lock()
	i := slices.IndexFunc(s.endpoints, func(e *snsEndpoint) bool { return e.application == application && e.token == token })
	var known snsEndpoint
	if i >= 0 {
		known = *s.endpoints[i]
	}
	s.mu.Unlock()
	switch {
	case i < 0:
		return made{ARN: s.Adopt(application, token, data)}, nil
	case known.data != data:
		why := fmt.Sprintf("Invalid parameter: Token Reason: Endpoint %s already exists with the same Token, but different attributes.", known.arn)
		return nil, &snsError{http.StatusBadRequest, "InvalidParameter", why}
	}
	return made{ARN: known.arn}, nil
}

func (s *SNS) publish(form url.Values) (any, *snsError) {
	type taken struct {
		XMLName xml.Name `xml:"PublishResult"`
		ID      string   `xml:"MessageId"`
	}
	s.mu.Lock()
	i := slices.IndexFunc(s.endpoints, func(e *snsEndpoint) bool { return e.arn == form.Get("TargetArn") })
	var to snsEndpoint
	if i >= 0 {
		to = *s.endpoints[i]
	}
	s.mu.Unlock()
	switch {
	case i < 0:
		return nil, &snsError{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"}
	case to.disabled:
		return nil, &snsError{http.StatusBadRequest, "EndpointDisabled", "Endpoint is disabled"}
	}
	n := Notified{Vendor: "sns", Platform: strings.Split(to.arn, "/")[1], Token: to.token, ID: uuid.NewString()}
	if why := n.readAmazon(form); why != "" {
		return nil, &snsError{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: " + why}
	}
	if s.Got != nil {
		s.Got(n)
	}
	return taken{ID: n.ID}, nil
}

// readAmazon reads a message as the one platform gets it.
func (n *Notified) readAmazon(form url.Values) (why string) {
	var messages map[string]string
	if form.Get("MessageStructure") != "json" || json.Unmarshal([]byte(form.Get("Message")), &messages) != nil {
		return "Message Structure - JSON message body failed to parse"
	}
	if messages["default"] == "" {
		return "Message Structure - No default entry in JSON message body"
	}
	text := []byte(messages[n.Platform])
	if n.Platform == "GCM" {
		var v1 struct {
			Wrapped struct {
				Message json.RawMessage `json:"message"`
			} `json:"fcmV1Message"`
		}
		if json.Unmarshal(text, &v1) != nil || v1.Wrapped.Message == nil {
			return "GCM: no fcmV1Message"
		}
		return n.readGoogle(v1.Wrapped.Message)
	}
	attributes := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("MessageAttributes.entry.%d.Name", i)); i++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", i)
		attributes[form.Get(entry+"Name")] = form.Get(entry + "Value.StringValue")
	}
	seconds, err := strconv.Atoi(attributes["AWS.SNS.MOBILE."+n.Platform+".TTL"])
	if err != nil || attributes["AWS.SNS.MOBILE.APNS.PUSH_TYPE"] != "alert" || attributes["AWS.SNS.MOBILE.APNS.PRIORITY"] != "10" {
		return "MessageAttributes"
	}
	n.Expires = time.Now().Add(time.Duration(seconds) * time.Second)
	n.Collapse = attributes["AWS.SNS.MOBILE.APNS.COLLAPSE_ID"]
	return n.readApple(text)
}

const snsNamespace = "http://sns.amazonaws.com/doc/2010-03-31/"

func (s *SNS) refuse(w http.ResponseWriter, e snsError) {
	type inner struct {
		XMLName xml.Name `xml:"Error"`
		Type    string
		Code    string
		Message string
	}
	whose := "Sender"
	if e.status >= 500 {
		whose = "Receiver"
	}
	s.write(w, e.status, struct {
		XMLName   xml.Name
		Error     inner
		RequestID string `xml:"RequestId"`
	}{xml.Name{Space: snsNamespace, Local: "ErrorResponse"}, inner{Type: whose, Code: e.code, Message: e.why}, uuid.NewString()})
}

func (s *SNS) reply(w http.ResponseWriter, status int, action string, result any) {
	s.write(w, status, struct {
		XMLName   xml.Name
		Result    any
		RequestID string `xml:"ResponseMetadata>RequestId"`
	}{xml.Name{Space: snsNamespace, Local: action + "Response"}, result, uuid.NewString()})
}

func (s *SNS) write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(body)
}
