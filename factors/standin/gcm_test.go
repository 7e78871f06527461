package standin

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A profile plays a Chromium up to the point where it would read the message.
type profile struct {
	t          *testing.T
	web, mcs   string
	id, secret uint64
	conn       *tls.Conn
	from       *bufio.Reader
	in         uint64
}

func newProfile(t *testing.T, s *PushService) *profile {
	t.Helper()
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	switches, stop, err := s.ForChromium(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if switches["ignore-certificate-errors-spki-list"] == "" || switches["gcm-registration-url"] != web.URL+registerPath {
		t.Errorf("%v", switches)
	}
	p := &profile{t: t, web: web.URL, mcs: strings.TrimPrefix(switches["gcm-mcs-endpoint"], "https://")}
	status, m := p.checkIn(record{}.number(2, 0).number(14, 3))
	if status != http.StatusOK {
		t.Fatalf("check-in: status %d", status)
	}
	p.id, p.secret = m.number(7), m.number(8)
	if p.id == 0 || p.secret == 0 {
		t.Fatalf("%v", m)
	}
	return p
}

func (p *profile) checkIn(m record) (int, fields) {
	p.t.Helper()
	res, err := http.Post(p.web+checkInPath, "application/x-protobuf", bytes.NewReader(m))
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.StatusCode, nil
	}
	answer, err := read(body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, answer
}

func (p *profile) register(form url.Values) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.web+registerPath, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", fmt.Sprintf("AidLogin %d:%d", p.id, p.secret))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

// subscribe is PushManager.subscribe of one site.
func (p *profile) subscribe(key string) (endpoint string) {
	p.t.Helper()
	answer := p.register(url.Values{"app": {"org.chromium.linux"}, "X-subtype": {"wp:https://site.example/#1"}, "appid": {"iid"}, "scope": {"GCM"}, "sender": {key}})
	token, ok := strings.CutPrefix(answer, "token=")
	if !ok {
		p.t.Fatal(answer)
	}
	return google + "/fcm/send/" + token
}

// connect logs in, and tells what had come before.
func (p *profile) connect(has ...string) fields {
	p.t.Helper()
	conn, err := tls.Dial("tcp", p.mcs, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	p.conn, p.from, p.in = conn, bufio.NewReader(conn), 0
	login := record{}.text(1, "chrome-1").text(2, "mcs.android.com").text(3, strconv.FormatUint(p.id, 10)).text(5, strconv.FormatUint(p.secret, 10))
	for _, id := range has {
		login = login.text(10, id)
	}
	p.write(append([]byte{mcsVersion}, framed(loginRequest, login)...))
	if version, err := p.from.ReadByte(); err != nil || version != mcsVersion {
		p.t.Fatalf("version %d, %v", version, err)
	}
	tag, m := p.next()
	if tag != loginResponse {
		p.t.Fatalf("message %d", tag)
	}
	return m
}

func (p *profile) write(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *profile) next() (byte, fields) {
	p.t.Helper()
	tag, m, err := receive(p.from)
	if err != nil {
		p.t.Fatal(err)
	}
	p.in++
	return tag, m
}

// message is the next one, by its time to live, and says that it has come.
func (p *profile) message(want string) (id string) {
	p.t.Helper()
	tag, m := p.next()
	if tag != dataMessage || m.text(5) != "org.chromium.linux" || strconv.FormatUint(m.number(17), 10) != want {
		p.t.Fatalf("message %d: %v, want one for %s s", tag, m, want)
	}
	return m.text(9)
}

func (p *profile) acknowledge() {
	p.write(framed(iqStanza, record{}.number(2, 1).text(3, "").number(10, p.in)))
	p.beat()
}

// beat is the sign of life, after which everything that was sent has been heard.
func (p *profile) beat() {
	p.t.Helper()
	p.write(framed(heartbeatPing, record{}.number(2, p.in)))
	if tag, _ := p.next(); tag != heartbeatAck {
		p.t.Fatalf("message %d in place of the sign of life", tag)
	}
}

func TestMCS(t *testing.T) {
	s, a := &PushService{}, newApplication(t)
	p := newProfile(t, s)
	endpoint := p.subscribe(a.key)
	push := func(ttl, topic string) {
		t.Helper()
		if w := a.push(s, endpoint, map[string]string{"TTL": ttl, "Topic": topic}, ""); w.Code != http.StatusCreated {
			t.Fatalf("status %d", w.Code)
		}
	}
	// What comes while nobody is there waits, and the last of a topic is enough.
	push("100", "a")
	push("101", "")
	push("102", "a")
	if m := p.connect(); len(m[3]) != 0 {
		t.Fatalf("login: %v", m)
	}
	p.message("101")
	p.message("102")
	p.acknowledge()
	push("103", "")
	p.message("103")
	// It was not acknowledged, and comes again on the next connection until it is.
	p.connect()
	id := p.message("103")
	p.connect(id)
	p.beat()
	push("0", "")
	p.message("0")
	p.acknowledge()

	// The site's permission ends.
	if got := p.register(url.Values{"app": {"org.chromium.linux"}, "X-subtype": {"wp:https://site.example/#1"}, "appid": {"iid"}, "delete": {"true"}, "sender": {"*"}}); got != "token=" {
		t.Error(got)
	}
	if w := a.push(s, endpoint, nil, ""); w.Code != http.StatusGone {
		t.Errorf("status %d", w.Code)
	}
}

func TestStrangeDevice(t *testing.T) {
	s := &PushService{}
	p := newProfile(t, s)
	if status, _ := p.checkIn(record{}.number(2, p.id).fixed(13, p.secret)); status != http.StatusOK {
		t.Errorf("the next check-in: status %d", status)
	}
	p.secret++
	if status, _ := p.checkIn(record{}.number(2, p.id).fixed(13, p.secret)); status != http.StatusUnauthorized {
		t.Errorf("status %d", status)
	}
	if got := p.register(url.Values{"app": {"x"}, "sender": {newApplication(t).key}}); got != "Error=PHONE_REGISTRATION_ERROR" {
		t.Error(got)
	}
	if m := p.connect(); len(m[3]) != 1 {
		t.Errorf("let in: %v", m)
	}
}
