package flows

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/storage"
)

// devicesKept bounds the devices of a person that are remembered.
const devicesKept = 20

// A history is what is known of a person's sign-ins. It is written after full success
// alone: who failed the second step from a new device has not made it a known one (B-17).
type history struct {
	Devices []risk.Device `json:"devices,omitempty"`
	Last    *risk.Visit   `json:"last,omitempty"`
	// GraceSince and GraceUsed are when the person put off setting up a factor first, and
	// how often they did.
	GraceSince time.Time `json:"grace_since,omitzero"`
	GraceUsed  int       `json:"grace_used,omitempty"`

	// Logins is how often they have signed in. The row counts.
	Logins int64 `json:"logins,omitempty"`
}

// remind reads the person's history, once a login.
func (e *Engine) remind(ctx context.Context, l *login) (*history, error) {
	if l.state.History == nil {
		row, err := e.db.HistoryOf(ctx, l.user.ID)
		if err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		if err := l.recollect(row); err != nil {
			return nil, err
		}
	}
	return l.state.History, nil
}

// recollect takes up what is known of the person's sign-ins.
func (l *login) recollect(row *storage.History) error {
	h := &history{}
	if len(row.Data) > 0 {
		if err := json.Unmarshal(row.Data, h); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	h.Logins = row.Logins
	l.state.History = h
	return nil
}

// chronicle adds a finished login to the history, in c.
func (e *Engine) chronicle(v *visit, c *storage.Change) error {
	l := v.login
	h, err := e.remind(v.ctx(), l)
	if err != nil {
		return err
	}
	next := *h
	next.Logins = 0
	now := e.now()
	if l.state.Ask.Direct == "" { // else there is no browser to know
		next.meet(risk.Device{Mark: e.hashed("history " + e.ownMark(v)), UserAgent: risk.Family(v.r.UserAgent()), LastSeen: now}, e.risk.RememberFor)
	}
	if p := l.scene.place; p != nil && p.Located() && !p.Anonymous {
		next.Last = &risk.Visit{Place: *p, At: now}
	}
	if l.state.Skipped {
		next.GraceUsed++
		if next.GraceSince.IsZero() {
			next.GraceSince = now
		}
	}
	b, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	c.History = &storage.History{UserID: l.user.ID, Data: b}
	return nil
}

// meet adds a device, in the place of what was known of it; those that were not seen for
// so long are forgotten.
func (h *history) meet(one risk.Device, rememberFor time.Duration) {
	h.Devices = slices.DeleteFunc(slices.Clone(h.Devices), func(d risk.Device) bool {
		return d.Mark == one.Mark || one.LastSeen.Sub(d.LastSeen) > rememberFor
	})
	h.Devices = append(h.Devices, one)
	if n := len(h.Devices) - devicesKept; n > 0 {
		h.Devices = h.Devices[n:]
	}
}

// graces reports whether a policy here lets people put something off, which is counted.
func (e *Engine) graces(l *login) bool {
	var f policy.Facts
	e.documents(l, &f)
	return f.OrganizationPolicy.Grace != nil || f.ClientPolicy.Grace != nil || f.TenantPolicy.Grace != nil
}

// deviceMark is how a history knows r's browser, "" where it has no mark yet.
func (e *Engine) deviceMark(r *http.Request) string {
	mark, _ := e.device(r)
	if mark == "" {
		return ""
	}
	return e.hashed("history " + mark)
}
