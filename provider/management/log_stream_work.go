package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	streamEvery = 2 * time.Second
	streamBatch = 100              // lines
	streamLease = 2 * time.Minute  // a batch gets half of it
	streamPause = 10 * time.Minute // the longest between two tries
)

// A cursor is how far a stream has got. Whoever advances it has the lease: of several
// nodes one delivers, in order, and a line is passed on at least once.
type cursor struct {
	After    string    `json:"after,omitempty"` // id of the last line that was passed on
	Since    time.Time `json:"since"`           // lines from then on
	Leased   time.Time `json:"leased,omitzero"` // until then
	Failures int       `json:"failures,omitempty"`
	Next     time.Time `json:"next,omitzero"` // no try before
}

func (c *cursor) put(ctx context.Context, db *storage.DB, row *storage.Document) error {
	return storeDocument(ctx, db, row, c)
}

// Work passes the audit log on until ctx ends.
func (a *API) Work(ctx context.Context) {
	client := a.courier()
	a.Deliver(ctx, client)
	every(ctx, streamEvery, func(ctx context.Context) { a.Deliver(ctx, client) })
}

// Deliver passes on what is due of every stream, by client, nil for one of its own.
func (a *API) Deliver(ctx context.Context, client *http.Client) {
	if client == nil {
		client = a.courier()
	}
	all, err := a.DB.CachedDocuments(ctx, streamKind)
	for _, row := range all {
		var s *streamRecord
		if s, err = readStream(row); err == nil && s.Status == "active" {
			err = a.deliver(ctx, client, &s.logStream)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
			a.Logger.ErrorContext(ctx, "log stream", "log_stream", row.Name, "error", err)
		}
	}
	if len(all) == 0 && err != nil && ctx.Err() == nil {
		a.Logger.ErrorContext(ctx, "log streams not read", "error", err)
	}
}

// deliver passes on one batch after the other. Errors: storage.ErrConflict where another
// node has the stream.
func (a *API) deliver(ctx context.Context, client *http.Client, s *logStream) error {
	for ctx.Err() == nil {
		row, err := a.DB.Document(ctx, cursorKind, s.ID)
		if err != nil {
			return err
		}
		var c cursor
		if err := json.Unmarshal(row.Body, &c); err != nil {
			return err
		}
		if now := a.Now(); now.Before(c.Leased) || now.Before(c.Next) {
			return nil
		}
		since := &storage.Condition{Test: &storage.Test{Field: "date", From: c.Since}}
		found, err := a.forward(ctx, since, c.After, streamBatch)
		if err != nil || len(found) == 0 {
			return err
		}
		c.Leased = a.Now().Add(streamLease)
		if err := c.put(ctx, a.DB, row); err != nil {
			return err
		}
		fault := a.pass(ctx, client, s, found)
		c.Leased = time.Time{}
		if fault == nil {
			c.After, c.Failures, c.Next = found[len(found)-1].ID, 0, time.Time{}
		} else {
			c.Failures++
			c.Next = a.Now().Add(min(streamPause, time.Second<<min(c.Failures, 20)))
		}
		if err := c.put(context.WithoutCancel(ctx), a.DB, row); err != nil || fault != nil {
			return errors.Join(err, fault)
		}
	}
	return nil
}

// pass sends those of a batch that the stream's filters want.
func (a *API) pass(ctx context.Context, client *http.Client, s *logStream, found []*storage.Event) error {
	ctx, cancel := context.WithTimeout(ctx, streamLease/2)
	defer cancel()
	lines, err := a.viewLogs(ctx, found)
	if err != nil {
		return err
	}
	lines = slices.DeleteFunc(lines, func(l *logLine) bool { return !s.wants(l.Type) })
	if len(lines) == 0 {
		return nil
	}
	items := make([][]byte, len(lines))
	for i, l := range lines {
		if items[i], err = json.Marshal(map[string]any{"log_id": l.LogID, "data": l}); err != nil {
			return err
		}
	}
	switch {
	case s.Type == "file":
		return s.Sink.write(a.Streams.Dir, append(bytes.Join(items, []byte("\n")), '\n'))
	case s.Sink.ContentFormat == "JSONOBJECT":
		for i, item := range items {
			if err := s.Sink.send(ctx, client, lines[i].LogID, a.Now(), item); err != nil {
				return err
			}
		}
		return nil
	}
	body := append(bytes.Join(items, []byte("\n")), '\n')
	if s.Sink.ContentFormat == "JSONARRAY" {
		body = append(append([]byte("["), bytes.Join(items, []byte(","))...), ']')
	}
	return s.Sink.send(ctx, client, lines[len(lines)-1].LogID, a.Now(), body)
}

// categories are the names of Auth0's that lines of ours have.
var categories = []string{
	"auth.login.success", "auth.login.fail", "auth.logout.success", "auth.signup.success", "auth.ancillary.success", "auth.ancillary.fail",
	"auth.token_exchange.success", "auth.token_exchange.fail", "management.success", "user.success", "other",
}

// categoryOf is the category of a code.
func categoryOf(code string) string {
	switch code {
	case "s":
		return "auth.login.success"
	case "f", "fp", "limit_wc":
		return "auth.login.fail"
	case "slo":
		return "auth.logout.success"
	case "ss":
		return "auth.signup.success"
	case "ferrt", "fepft", "feotpft", "feoobft", "fercft", "fertft":
		return "auth.token_exchange.fail"
	case "sepft", "seotpft", "seoobft", "sercft", "sertft":
		return "auth.token_exchange.success"
	case "sapi", "gd_tenant_update":
		return "management.success"
	case "scp", "scpr", "sdu", "sv", "svr", "srrt":
		return "user.success"
	}
	switch {
	case strings.HasPrefix(code, "sp_"):
		return "other"
	case strings.HasSuffix(code, "_failed"), strings.HasSuffix(code, "_failure"), strings.HasSuffix(code, "_rejected"), strings.HasSuffix(code, "_exceed"), code == "limit_phone":
		return "auth.ancillary.fail"
	}
	return "auth.ancillary.success"
}

func (s *logStream) wants(code string) bool {
	return len(s.Filters) == 0 || slices.ContainsFunc(s.Filters, func(f streamFilter) bool { return f.Name == categoryOf(code) })
}
