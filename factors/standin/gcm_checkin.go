package standin

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Where a Chromium asks Google to know it and to subscribe it.
const (
	checkInPath  = "/checkin"
	registerPath = "/c2dm/register3"
)

// origins are where Chromium says that its subscriptions are: a stable release of
// Google's, and every other build. The service is not told which.
var origins = []string{google, "https://jmt17.google.com"}

// A device is a profile of Chromium.
type device struct {
	id, secret uint64
	line       *line // nil while it is not connected
	waiting    []*waiting
}

// checkIn makes a profile known. AndroidCheckinRequest and -Response are in Chromium's
// google_apis/gcm/protocol/checkin.proto.
func (s *PushService) checkIn(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	asked, err := read(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	d := s.known(asked.number(2), asked.number(13))
	if asked.number(2) == 0 {
		d = &device{id: number(), secret: number()}
		if s.devices == nil {
			s.devices = map[uint64]*device{}
		}
		s.devices[d.id] = d
	}
	s.mu.Unlock()
	if d == nil { // it forgets everything and comes back
		http.Error(w, "unknown device", http.StatusUnauthorized)
		return
	}
	answer := record{}.number(1, 1).number(3, uint64(time.Now().UnixMilli())).fixed(7, d.id).fixed(8, d.secret)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

// known is the device that proves to be id. The caller holds the lock.
func (s *PushService) known(id, secret uint64) *device {
	if d := s.devices[id]; d != nil && d.secret == secret {
		return d
	}
	return nil
}

// number is one that nobody guesses, and fits an int64.
func number() uint64 {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // does not fail
	return binary.BigEndian.Uint64(b)>>1 | 1
}

// register gives a site's subscription its token, or takes it back. The form is in
// Chromium's google_apis/gcm/engine/registration_request.cc and
// instance_id_get_token_request_handler.cc.
func (s *PushService) register(w http.ResponseWriter, r *http.Request) {
	var id, secret uint64
	_, err := fmt.Sscanf(r.Header.Get("Authorization"), "AidLogin %d:%d", &id, &secret)
	s.mu.Lock()
	d := s.known(id, secret)
	s.mu.Unlock()
	if err != nil || d == nil {
		_, _ = fmt.Fprint(w, "Error=PHONE_REGISTRATION_ERROR")
		return
	}
	if err := r.ParseForm(); err != nil {
		_, _ = fmt.Fprint(w, "Error=INVALID_PARAMETERS")
		return
	}
	f := r.PostForm
	if f.Get("delete") == "true" {
		s.release(d, f.Get("X-subtype"))
		_, _ = fmt.Fprint(w, "token=") // all that it looks for
		return
	}
	// The browser itself subscribes too, with a number of Google's for a key. Nobody can
	// push to that here.
	token := s.keep(&subscription{
		key: f.Get("sender"), origins: origins, device: d, category: f.Get("app"), subtype: f.Get("X-subtype"),
	})
	_, _ = fmt.Fprint(w, "token="+token)
}

// release ends the subscriptions of one of a device's sites.
func (s *PushService) release(d *device, subtype string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.subscriptions {
		if u.device == d && u.subtype == subtype {
			u.gone = true
		}
	}
}
