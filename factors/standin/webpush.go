package standin

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// PushService is a push service: what stands between an application server and a
// browser (RFC 8030). It takes messages for the subscriptions that it makes itself and
// reads them as a browser would, and for those of a real Chromium, for which it is all
// of Google's: check-in, registration and the connection that messages come by (see
// ForChromium).
type PushService struct {
	Origin string // of its endpoints; empty: that of Google's
	Got    func(Pushed)
	Faults Faults // of messages, not of what browsers ask for
	// Strangers are subscriptions that a browser made elsewhere. Their messages are taken
	// and reach nobody, so that nothing leaves this machine.
	Strangers bool

	mu            sync.Mutex
	subscriptions map[string]*subscription // by token
	devices       map[uint64]*device       // by Android ID
}

// A Pushed is a message that was taken.
type Pushed struct {
	Token   string // of the subscription
	Subject string // of whom to complain to
	TTL     time.Duration
	Urgency string
	Topic   string
	Data    []byte // as the browser reads it; nil where only a real one can
	Err     error  // why the browser cannot
}

// A subscription is made with the application server's key and only for that.
type subscription struct {
	key     string // base64url
	origins []string
	gone    bool

	private *ecdh.PrivateKey // of a browser that is played
	auth    []byte

	device            *device // of a real one
	category, subtype string
}

// The limits that RFC 8030 lets a service have: how long it keeps and how much it takes
// (sections 5.2 and 7.2).
const (
	longest = 28 * 24 * time.Hour
	largest = 4096
)

const google = "https://fcm.googleapis.com"

var (
	topics    = regexp.MustCompile(`^[A-Za-z0-9_-]{0,32}$`) // RFC 8030, section 5.4
	urgencies = []string{"", "very-low", "low", "normal", "high"}
)

// Subscribe plays a browser that subscribes with an applicationServerKey (base64url),
// and returns its PushSubscription in JSON.
func (s *PushService) Subscribe(applicationServerKey string) (string, error) {
	if _, err := public(applicationServerKey); err != nil {
		return "", err
	}
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	auth := make([]byte, 16)
	_, _ = rand.Read(auth) // does not fail
	origin := s.Origin
	if origin == "" {
		origin = google
	}
	token := s.keep(&subscription{key: applicationServerKey, origins: []string{origin}, private: private, auth: auth})
	b64 := base64.RawURLEncoding
	b, err := json.Marshal(map[string]any{
		"endpoint": origin + "/wp/" + token, "expirationTime": nil,
		"keys": map[string]string{"p256dh": b64.EncodeToString(private.PublicKey().Bytes()), "auth": b64.EncodeToString(auth)},
	})
	return string(b), err
}

// keep gives a subscription its token.
func (s *PushService) keep(u *subscription) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscriptions == nil {
		s.subscriptions = map[string]*subscription{}
	}
	token = rand.Text()[:11] + ":" + rand.Text() // as Google's look
	s.subscriptions[token] = u
	return token
}

// Unsubscribe is what a browser does when its site may not notify any more.
func (s *PushService) Unsubscribe(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.subscriptions[token]; u != nil {
		u.gone = true
	}
}

// ServeHTTP implements http.Handler.
func (s *PushService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		http.Error(w, "push with POST", http.StatusMethodNotAllowed)
	case r.URL.Path == checkInPath:
		s.checkIn(w, r)
	case r.URL.Path == registerPath:
		s.register(w, r)
	default:
		s.push(w, r)
	}
}

func (s *PushService) push(w http.ResponseWriter, r *http.Request) {
	fault := s.Faults.take(r)
	if fault.Drop && !fault.After {
		drop()
	}
	p := Pushed{Token: path.Base(r.URL.Path), Urgency: r.Header.Get("Urgency"), Topic: r.Header.Get("Topic")}
	s.mu.Lock()
	u := s.subscriptions[p.Token]
	gone := u != nil && u.gone
	s.mu.Unlock()
	status := http.StatusNotFound
	switch {
	case gone:
		status = http.StatusGone
	case u == nil && s.Strangers:
		u, status = &subscription{origins: []string{google}}, 0
	case u != nil:
		p.Subject, status = vouched(r.Header.Get("Authorization"), u.key, u.origins)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, largest+1))
	if status == 0 {
		status = p.read(r.Header, len(body), err)
	}
	if status == 0 {
		status = fault.Status
	}
	if status != 0 {
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, fault.Reason, status)
		return
	}
	id := s.take(p, u, body)
	if fault.Drop {
		drop()
	}
	w.Header().Set("TTL", strconv.Itoa(int(p.TTL.Seconds())))
	w.Header().Set("Location", u.origins[0]+"/message/"+id)
	w.WriteHeader(http.StatusCreated)
}

// read checks what RFC 8030 asks of a message, and returns the status of a refusal.
func (p *Pushed) read(h http.Header, size int, err error) int {
	seconds, fault := strconv.ParseUint(h.Get("TTL"), 10, 31)
	p.TTL = min(time.Duration(seconds)*time.Second, longest)
	switch {
	case size > largest:
		return http.StatusRequestEntityTooLarge
	case err != nil, fault != nil, !topics.MatchString(p.Topic), !slices.Contains(urgencies, p.Urgency),
		size > 0 && h.Get("Content-Encoding") != "aes128gcm":
		return http.StatusBadRequest
	}
	return 0
}

// take hands the message to the browser.
func (s *PushService) take(p Pushed, u *subscription, body []byte) (id string) {
	id = rand.Text()
	if u.device != nil {
		s.pass(p, u, id, body)
	} else if len(body) > 0 && u.private != nil {
		p.Data, p.Err = unseal(body, u.private, u.auth)
	}
	if s.Got != nil {
		s.Got(p)
	}
	return id
}
