package push

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors/standin"
)

const (
	iPhone  = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"
	android = "dPhone:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx"
	arnAPNS = "arn:aws:sns:eu-central-1:123456789012:app/APNS/Acme"
	arnTest = "arn:aws:sns:eu-central-1:123456789012:app/APNS_SANDBOX/Acme"
	arnGCM  = "arn:aws:sns:eu-central-1:123456789012:app/GCM/Acme"
)

// The question as the factor writes it, and as the SDK for Android reads it.
const (
	asked1 = `{"sh":"https://id.acme.example:8443","dai":"push|dev_1","txtkn":"tx_secret","c":"c1","d":"2026-11-23T14:00:00.000Z",` +
		`"s":{"b":{"n":"Firefox","v":"140.0"},"os":{"n":"Linux","v":""}},"l":{"n":"Köln","lat":50.9,"long":7},"number":true,"account":"a<b>@c.example"}`
	askedAndroid = `{"sh":"https://id.acme.example:8443","dai":"push|dev_1","txtkn":"tx_secret","c":"c1","d":"2026-11-23T14:00:00.000Z",` +
		`"s":"{\"b\":{\"n\":\"Firefox\",\"v\":\"140.0\"},\"os\":{\"n\":\"Linux\",\"v\":\"\"}}","l":"{\"n\":\"Köln\",\"lat\":50.9,\"long\":7}","number":"true","account":"a<b>@c.example"}`
)

func aQuestion() note {
	return note{ID: "msg_1", Title: "Is that you?", Body: "Someone signs in to Notes.", Data: []byte(asked1), Expires: time.Now().Add(2 * time.Minute)}
}

// vendors are Apple, Google and Amazon.
type vendors struct {
	apns   *standin.APNS
	fcm    *standin.FCM
	sns    *standin.SNS
	config Delivery
	roots  *x509.CertPool // of Apple
	grants atomic.Int32   // access tokens that Google was asked for
	seen   func(*http.Request)

	mu  sync.Mutex
	got []standin.Notified
}

func (v *vendors) put(n standin.Notified) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.got = append(v.got, n)
}

// taken is what the vendors took.
func (v *vendors) taken() []standin.Notified {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.got)
}

func (v *vendors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.seen != nil {
		v.seen(r)
	}
	switch {
	case r.URL.Path == standin.FCMTokenPath:
		v.grants.Add(1)
		v.fcm.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/v1/projects/"):
		v.fcm.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/3/"):
		v.apns.ServeHTTP(w, r)
	default:
		v.sns.ServeHTTP(w, r)
	}
}

// A project is one at Google, with the file of its service account.
type project struct {
	fcm         *standin.FCM
	credentials string
}

// oneProject is the same for all tests: its RSA key takes a while.
var oneProject = sync.OnceValues(func() (p project, err error) {
	p.fcm, p.credentials, err = standin.NewFCM("http://127.0.0.1", "acme-1")
	return p, err
})

func openVendors(t *testing.T) *vendors {
	t.Helper()
	v := &vendors{roots: x509.NewCertPool()}
	apple := httptest.NewUnstartedServer(v)
	apple.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that clients did not need
	apple.EnableHTTP2, apple.TLS = true, &tls.Config{ClientAuth: tls.RequestClientCert}
	apple.StartTLS()
	v.roots.AddCert(apple.Certificate())
	others := httptest.NewServer(v)
	t.Cleanup(apple.Close)
	t.Cleanup(others.Close)

	p, err := oneProject()
	if err != nil {
		t.Fatal(err)
	}
	v.fcm = &standin.FCM{Project: p.fcm.Project, Account: p.fcm.Account, Key: p.fcm.Key, TokenURI: others.URL + standin.FCMTokenPath}
	credentials := strings.Replace(p.credentials, p.fcm.TokenURI, v.fcm.TokenURI, 1)
	var p8 string
	if v.apns, p8, err = standin.NewAPNS("com.example.acme", "TEAM000001", "KEY0000001"); err != nil {
		t.Fatal(err)
	}
	v.sns = &standin.SNS{
		Region: "eu-central-1", AccessKeyID: "AKIANOBODY", SecretAccessKey: "secret/of+nobody", Applications: []string{arnAPNS, arnTest, arnGCM},
	}
	v.apns.Got, v.fcm.Got, v.sns.Got = v.put, v.put, v.put
	v.config = defaultDelivery()
	v.config.APNS = APNS{BundleID: "com.example.acme", TeamID: "TEAM000001", KeyID: "KEY0000001", PrivateKey: p8, BaseURL: apple.URL}
	v.config.FCM = FCM{Credentials: credentials, BaseURL: others.URL}
	v.config.SNS = SNS{
		Region: "eu-central-1", AccessKeyID: "AKIANOBODY", SecretAccessKey: "secret/of+nobody", APNSApplicationARN: arnAPNS, GCMApplicationARN: arnGCM, BaseURL: others.URL,
	}
	return v
}

// delivery opens the settings; Apple's certificate is trusted as Apple's is.
func (v *vendors) delivery(t *testing.T) *delivery {
	t.Helper()
	d, err := v.config.open()
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := d.senders[serviceAPNS].(*apns); ok {
		a.client.HTTPClient.Transport.(*http.Transport).TLSClientConfig.RootCAs = v.roots
	}
	return d
}

// A route is one way to a phone.
type route struct {
	provider, service, token string
	faults                   func(*vendors) *standin.Faults
}

var routes = map[string]route{
	"apns":       {providerDirect, serviceAPNS, iPhone, func(v *vendors) *standin.Faults { return &v.apns.Faults }},
	"fcm":        {providerDirect, serviceGCM, android, func(v *vendors) *standin.Faults { return &v.fcm.Faults }},
	"sns to ios": {providerSNS, serviceAPNS, iPhone, func(v *vendors) *standin.Faults { return &v.sns.Faults }},
	"sns to gcm": {providerSNS, serviceGCM, android, func(v *vendors) *standin.Faults { return &v.sns.Faults }},
}

// each runs a test for each way to a phone, with vendors of its own.
func each(t *testing.T, test func(t *testing.T, v *vendors, r route)) {
	for name, r := range routes {
		t.Run(name, func(t *testing.T) {
			v := openVendors(t)
			v.config.Provider = r.provider
			test(t, v, r)
		})
	}
}

func sameJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if a, b := must(json.Marshal(g)), must(json.Marshal(w)); string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// secretive fails where an error tells what only the vendor may know.
func secretive(t *testing.T, err error) {
	t.Helper()
	for _, s := range []string{iPhone, android, "tx_secret", "secret/of+nobody", "ya29."} {
		if err != nil && strings.Contains(err.Error(), s) {
			t.Errorf("the error tells %q: %v", s, err)
		}
	}
}
