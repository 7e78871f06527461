package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/standin"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
)

// TestOutboxCrash kills the process again and again while a thousand messages are due.
// Each of them arrives once, or the audit log says why it did not; none arrives twice.
func TestOutboxCrash(t *testing.T) {
	for _, engine := range storagetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dsn := "sqlite:" + filepath.Join(t.TempDir(), "sallyport.db")
			if engine == "postgres" {
				dsn = storagetest.DSN(t, engine)
			}
			o := openOutbox(t, dsn)
			for range rounds() {
				p := launch(t, nil, "serve", "--config", o.config)
				p.await("/readyz", func() bool { return status(o.issuer+"readyz") == 200 })
				time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
				p.kill()
			}
			arrived := o.count()
			o.vendor.Faults.Set(o.refuseSome)
			p := launch(t, nil, "serve", "--config", o.config)
			o.finish(p)
			p.stop()
			t.Logf("%d had arrived at the last kill; %s", arrived, o.check(t))
		})
	}
}

const outboxMessages = 1000

// A crashing outbox is a database with messages, and the vendor that gets them.
type crashing struct {
	config, issuer string
	dsn            string
	sealer         *storage.Sealer
	vendor         standin.Twilio
	mu             sync.Mutex
	got            map[string]int // by number
	refusals       int
}

func openOutbox(t *testing.T, dsn string) *crashing {
	t.Helper()
	dir := t.TempDir()
	address := freePort(t)
	o := &crashing{config: filepath.Join(dir, "sallyport.yaml"), issuer: "http://" + address + "/", dsn: dsn, got: map[string]int{}}
	o.vendor = standin.Twilio{AccountSID: "AC00", AuthToken: "token", Got: func(s standin.Sent) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.got[s.To]++
	}}
	// As slow as a vendor that is not far away, so that a kill finds messages on the way.
	o.vendor.Faults.Always(standin.Fault{Wait: 20 * time.Millisecond})
	server := httptest.NewServer(&o.vendor)
	t.Cleanup(server.Close)
	text := fmt.Sprintf("issuer: %s\nlisten: %s\ndatabase: {dsn: %q}\nseal: {keyset_file: keyset}\nshutdown: {delay: 0s}\n"+
		"factors: {sms: {sender: twilio, twilio: {account_sid: AC00, auth_token: token, from: \"+15005550006\", base_url: %q}}}\n",
		o.issuer, address, dsn, server.URL)
	if err := os.WriteFile(o.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range [][]string{{"keys", "generate", "--out", filepath.Join(dir, "keyset")}, {"migrate", "--config", o.config}} {
		if out, status := runVerb(t, verb...); status != 0 {
			t.Fatal(out)
		}
	}
	keyset, err := os.ReadFile(filepath.Join(dir, "keyset"))
	if err == nil {
		o.sealer, err = storage.NewSealer([]byte(strings.TrimSpace(string(keyset))))
	}
	if err != nil {
		t.Fatal(err)
	}
	o.fill(t)
	return o
}

func (o *crashing) store(t *testing.T) *storage.DB {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Options{DSN: o.dsn, Sealer: o.sealer, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func (o *crashing) fill(t *testing.T) {
	t.Helper()
	db := o.store(t)
	defer func() { _ = db.Close() }()
	var rows []*storage.Message
	for i := range outboxMessages {
		id := fmt.Sprintf("msg_%04d", i)
		m := factors.Message{ID: id, Factor: factors.SMS, To: fmt.Sprintf("+4915120%06d", i), Code: "482913", Purpose: factors.PurposeVerify}
		payload, err := json.Marshal(map[string]any{"message": m})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, &storage.Message{ID: id, Channel: factors.SMS, Payload: payload, ExpiresAt: time.Now().Add(time.Hour)})
	}
	for len(rows) > 0 {
		if err := db.AddMessages(t.Context(), rows[:100]...); err != nil {
			t.Fatal(err)
		}
		rows = rows[100:]
	}
}

func (o *crashing) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.got)
}

// refuseSome refuses every tenth message for good, and every third for now.
func (o *crashing) refuseSome() *standin.Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusals++
	switch {
	case o.refusals%10 == 0:
		return &standin.Fault{Status: 400, Code: 21610}
	case o.refusals%3 == 0 && o.refusals < outboxMessages/10:
		return &standin.Fault{Status: 503, Code: 20503}
	}
	return nil
}

// finish waits until no message waits or is under way.
func (o *crashing) finish(p *process) {
	p.t.Helper()
	db := o.store(p.t)
	defer func() { _ = db.Close() }()
	deadline := time.Now().Add(3 * time.Minute)
	for i := range outboxMessages {
		for o.open(p.t, db, fmt.Sprintf("msg_%04d", i)) {
			if time.Now().After(deadline) {
				p.t.Fatalf("message %d is neither sent nor given up:\n%s", i, p.output)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// open says whether a message waits or is under way.
func (o *crashing) open(t *testing.T, db *storage.DB, id string) bool {
	t.Helper()
	state, err := db.MessageState(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return state == storage.MessageWaiting || state == storage.MessageSending
}

// check compares what the phones got with what the house knows.
func (o *crashing) check(t *testing.T) string {
	t.Helper()
	db := o.store(t)
	defer func() { _ = db.Close() }()
	reasons := map[string]string{}
	for after := ""; ; {
		events, err := db.Events(t.Context(), storage.EventFilter{Type: "message.failed", After: after, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			id, _ := e.Data["message_id"].(string)
			reasons[id], _ = e.Data["reason"].(string)
			after = e.ID
		}
		if len(events) == 0 {
			break
		}
	}
	sent, lost, refused := 0, 0, 0
	for i := range outboxMessages {
		id, to := fmt.Sprintf("msg_%04d", i), fmt.Sprintf("+4915120%06d", i)
		state, err := db.MessageState(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		switch n := o.got[to]; {
		case n > 1:
			t.Errorf("%s arrived %d times", id, n)
		case state == storage.MessageSent && n == 1:
			sent++
		case state == storage.MessageFailed && strings.Contains(reasons[id], "process ended"):
			lost++ // nobody knows: it may have arrived
		case state == storage.MessageFailed && n == 0 && strings.Contains(reasons[id], "21610"):
			refused++
		default:
			t.Errorf("%s: state %s, arrived %d times, reason %q", id, state, n, reasons[id])
		}
	}
	return fmt.Sprintf("%d sent, %d refused with the vendor's reason, %d given up because the process ended under them", sent, refused, lost)
}
