package standin

import (
	"bufio"
	"net"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// MCS is the connection that a Chromium keeps open for its messages: a byte with the
// version, then messages one after the other, on TLS. What they are is in Chromium's
// google_apis/gcm/protocol/mcs.proto, and how a client goes about them in
// google_apis/gcm/engine/mcs_client.cc.
const mcsVersion = 41

// The messages of MCS that matter here.
const (
	heartbeatPing byte = 0
	heartbeatAck  byte = 1
	loginRequest  byte = 2
	loginResponse byte = 3
	closing       byte = 4
	iqStanza      byte = 7
	dataMessage   byte = 8
)

// lastReceived is the number of the field in which each tells how many messages of the
// other side have come.
var lastReceived = map[byte]protowire.Number{heartbeatPing: 2, heartbeatAck: 2, iqStanza: 10, dataMessage: 11}

// A line is one connection of a device. Both sides count what they have sent.
type line struct {
	conn    net.Conn
	in, out uint64
}

// A waiting message is kept until its device says that it has it.
type waiting struct {
	id, topic string
	expires   time.Time
	stanza    record
	place     uint64 // among what was sent on the line; 0: not yet
}

// ServeMCS talks to every Chromium that comes, until l is closed.
func (s *PushService) ServeMCS(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go s.talk(conn)
	}
}

// talk is one connection from its login to its end.
func (s *PushService) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	from := bufio.NewReader(conn)
	if version, err := from.ReadByte(); err != nil || version < mcsVersion {
		return
	}
	tag, login, err := receive(from)
	if err != nil || tag != loginRequest {
		return
	}
	d, l := s.login(login, conn)
	if d == nil {
		return
	}
	for err == nil {
		var m fields
		if tag, m, err = receive(from); err == nil {
			s.hear(d, l, tag, m)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.line == l {
		d.line = nil
	}
}

// login lets a device in that has checked in, and sends what waits for it. What came
// through before the last connection ended is named by the device.
func (s *PushService) login(m fields, conn net.Conn) (*device, *line) {
	id, _ := strconv.ParseUint(m.text(3), 10, 64)
	secret, _ := strconv.ParseUint(m.text(5), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &line{conn: conn, in: 1}
	answer := record{}.text(1, m.text(1)).number(8, uint64(time.Now().UnixMilli()))
	d := s.known(id, secret)
	if d == nil {
		l.send(loginResponse, answer.bytes(3, record{}.number(1, 1).text(2, "unknown device")))
		return nil, nil
	}
	var has []string
	for _, f := range m[10] {
		has = append(has, string(f.bytes))
	}
	d.waiting = slices.DeleteFunc(d.waiting, func(w *waiting) bool { return slices.Contains(has, w.id) })
	for _, w := range d.waiting {
		w.place = 0
	}
	d.line = l
	l.send(loginResponse, answer)
	d.flush()
	return d, l
}

// hear is what the device says: that it is there, and what it has.
func (s *PushService) hear(d *device, l *line, tag byte, m fields) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.in++
	has := m.number(lastReceived[tag])
	d.waiting = slices.DeleteFunc(d.waiting, func(w *waiting) bool { return d.line == l && w.place > 0 && w.place <= has })
	switch tag {
	case heartbeatPing:
		l.send(heartbeatAck, nil)
	case closing:
		_ = l.conn.Close()
	}
}

// send writes a message with the next number. A connection that fails is closed, so
// that the device makes another.
func (l *line) send(tag byte, m record) {
	if at, ok := lastReceived[tag]; ok {
		m = m.number(at, l.in)
	}
	b := framed(tag, m)
	if l.out++; l.out == 1 {
		b = append([]byte{mcsVersion}, b...)
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if _, err := l.conn.Write(b); err != nil {
		_ = l.conn.Close()
	}
}

// flush sends what waits and has not been sent on this line.
func (d *device) flush() {
	now := time.Now()
	d.waiting = slices.DeleteFunc(d.waiting, func(w *waiting) bool { return now.After(w.expires) })
	for _, w := range d.waiting {
		if d.line != nil && w.place == 0 {
			w.place = d.line.out + 1
			d.line.send(dataMessage, w.stanza)
		}
	}
}

// pass puts a message into the device's queue, in place of one with the same topic
// that has not been sent (RFC 8030, section 5.4).
func (s *PushService) pass(p Pushed, u *subscription, id string, body []byte) {
	pair := func(key, value string) record { return record{}.text(1, key).text(2, value) }
	stanza := record{}.text(3, u.key).text(5, u.category).
		bytes(7, pair("subtype", u.subtype)).bytes(7, pair("content-encoding", "aes128gcm")).
		text(9, id).number(17, uint64(p.TTL.Seconds())).number(18, uint64(time.Now().Unix())). //nolint:gosec // after 1970
		bytes(21, body).number(24, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	d := u.device
	d.waiting = slices.DeleteFunc(d.waiting, func(w *waiting) bool {
		return p.Topic != "" && w.topic == p.Topic+" "+p.Token && w.place == 0
	})
	d.waiting = append(d.waiting, &waiting{id: id, topic: p.Topic + " " + p.Token, expires: time.Now().Add(p.TTL + time.Second), stanza: stanza})
	d.flush()
}
