package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// The document that keeps the mail server which an administrator has set.
const (
	postKind  = "email_provider"
	postName  = "tenant"
	postEvery = 4 * time.Second
)

// A MailServer is one that takes mails.
type MailServer struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	From     string `json:"from"`
	Off      bool   `json:"off,omitempty"` // kept, and not used
}

// PostOptions are what a Post is made of. All but Configured and Sender are
// required.
type PostOptions struct {
	DB         *storage.DB
	Configured flows.Mailer // of the configuration, nil for none
	Sender     string       // of that one's mails, "Name <address>"
	// Open makes the mailer of a server. Its error names what is wrong.
	Open   func(MailServer) (flows.Mailer, error)
	Logger *slog.Logger
}

// A Post sends mails over the server that an administrator has set, and over the
// configuration's where there is none.
type Post struct {
	PostOptions
	mu   sync.Mutex // one reading at a time
	now  atomic.Pointer[opened]
	body []byte // that now was made of
}

// opened is a mailer, nil for none.
type opened struct {
	flows.Mailer
	from string
}

// NewPost makes a Post. It knows the configuration only, before Load.
func NewPost(o PostOptions) *Post {
	p := &Post{PostOptions: o}
	p.now.Store(&opened{o.Configured, o.Sender})
	return p
}

// Ready reports whether there is a server at all.
func (p *Post) Ready() bool { return p.now.Load().Mailer != nil }

// From is the sender of all mails, "Name <address>".
func (p *Post) From() string { return p.now.Load().from }

// Send implements flows.Mailer.
func (p *Post) Send(ctx context.Context, to, subject, text, html string) error {
	mailer := p.now.Load().Mailer
	if mailer == nil {
		return fmt.Errorf("%w: there is no mail server", factors.ErrUndeliverable)
	}
	return mailer.Send(ctx, to, subject, text, html)
}

// Load has mails sent as is stored now.
func (p *Post) Load(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	doc, err := p.DB.Document(ctx, postKind, postName)
	if errors.Is(err, storage.ErrNotFound) {
		doc, err = &storage.Document{}, nil
	}
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if bytes.Equal(doc.Body, p.body) {
		return nil
	}
	now, err := p.open(doc.Body)
	if err != nil { // it was opened before it was stored
		p.Logger.ErrorContext(ctx, "the mail server that an administrator has set cannot be used; mails go as configured", "error", err)
		now = &opened{p.Configured, p.Sender}
	}
	p.now.Store(now)
	p.body = doc.Body
	return nil
}

func (p *Post) open(body []byte) (*opened, error) {
	configured := &opened{p.Configured, p.Sender}
	if len(body) == 0 {
		return configured, nil
	}
	var s MailServer
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, err
	}
	if s.Off {
		return configured, nil
	}
	mailer, err := p.Open(s)
	return &opened{mailer, s.From}, err
}

// changed is Load after a change.
func (p *Post) changed(ctx context.Context) {
	if err := p.Load(ctx); err != nil && ctx.Err() == nil {
		p.Logger.ErrorContext(ctx, "mail server not changed yet", "error", err)
	}
}

// Watch follows what other processes set until ctx ends.
func (p *Post) Watch(ctx context.Context) { every(ctx, postEvery, p.changed) }
