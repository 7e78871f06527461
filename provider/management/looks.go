package management

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// looksEvery is how often a provider looks for what another one was told of its pages.
const looksEvery = 4 * time.Second

// promptKind is the kind of the documents that keep texts: one for a prompt of Auth0's in a
// language, named "mfa-otp/de".
const promptKind = "prompt"

// screenTexts are texts by screen and key, as Auth0's tools send them.
type screenTexts map[string]map[string]string

// Looks are what administrators say of the pages while the provider runs. They keep the
// pages in step with what is stored.
type Looks struct {
	db    *storage.DB
	pages *themes.Renderer
	log   *slog.Logger
	mu    sync.Mutex // one reading at a time, so that the last one is the newest
	fault string     // of the look, as it was told last
	mails map[string]worded
}

// NewLooks makes the Looks of pages. Nothing is read before Load.
func NewLooks(db *storage.DB, pages *themes.Renderer, log *slog.Logger) *Looks {
	return &Looks{db: db, pages: pages, log: log}
}

// Load has the pages look as is stored now.
func (l *Looks) Load(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.dress(ctx); err != nil {
		return fmt.Errorf("looks of pages: %w", err)
	}
	documents, err := l.db.Documents(ctx, promptKind)
	if err != nil {
		return fmt.Errorf("texts of pages: %w", err)
	}
	sent := map[string]screenTexts{}
	for _, d := range documents {
		var texts screenTexts
		if err := json.Unmarshal(d.Body, &texts); err != nil {
			return fmt.Errorf("texts of pages: document %s: %w", d.ID, err)
		}
		sent[d.Name] = texts
	}
	l.pages.SetTexts(textsOf(sent, l.pages.Languages()))
	return l.word(ctx)
}

// worded is a template of a mail and the text that it was read from.
type worded struct {
	text mailText
	read *themes.MailTemplate // nil: it cannot be read
}

// word has the mails say what their templates do that are enabled. Each is read once.
func (l *Looks) word(ctx context.Context) error {
	documents, err := l.db.Documents(ctx, letterKind)
	if err != nil {
		return fmt.Errorf("templates of mails: %w", err)
	}
	mails, enabled := map[string]worded{}, map[string]*themes.MailTemplate{}
	for _, d := range documents {
		var text mailText
		if err := json.Unmarshal(d.Body, &text); err != nil {
			return fmt.Errorf("templates of mails: document %s: %w", d.ID, err)
		}
		w, known := l.mails[d.Name]
		if !known || w.text != text {
			w.text = text
			if w.read, err = text.read(l.pages, letterName(d.Name)); err != nil { // it could be read before it was stored
				l.log.ErrorContext(ctx, "a template of a mail cannot be read, and ours goes out; see /api/v2/email-templates", "template", d.Name, "error", err)
			}
		}
		if mails[d.Name] = w; text.Enabled && w.read != nil {
			enabled[letterNames[letterName(d.Name)]] = w.read
		}
	}
	l.mails = mails
	l.pages.SetMailTemplates(enabled)
	return nil
}

// dress gives the pages their colours, logo, name and languages.
func (l *Looks) dress(ctx context.Context) error {
	s, err := l.db.Settings(ctx)
	if err != nil {
		return err
	}
	_, branding, err := readBrandingOf(ctx, l.db)
	if err != nil {
		return err
	}
	look := themes.Look{Name: s.FriendlyName, Languages: s.Locales, Help: s.SupportURL, SupportEmail: s.SupportEmail, SupportURL: s.SupportURL}
	if look.Help == "" && s.SupportEmail != "" {
		look.Help = "mailto:" + s.SupportEmail
	}
	fault := branding.look(&look)
	if fault == nil {
		fault = l.pages.SetLook(look)
	}
	if fault == nil {
		l.fault = ""
		return nil
	}
	if why := fault.Error(); why != l.fault { // once, and not every few seconds
		l.fault = why
		l.log.ErrorContext(ctx, "pages cannot look as an administrator has set it, and look as configured; see PATCH /api/v2/branding and /tenants/settings", "error", why)
	}
	return l.pages.SetLook(themes.Look{})
}

// check refuses languages that pages do not speak.
func (l *Looks) check(s *storage.Settings) error {
	if err := l.pages.Try(themes.Look{Languages: s.Locales}); err != nil {
		return invalid("enabled_locales", err.Error())
	}
	return nil
}

// changed is Load after a change. What is stored holds even if it cannot be read now: then
// it is read a moment later.
func (l *Looks) changed(ctx context.Context) {
	if err := l.Load(ctx); err != nil && ctx.Err() == nil {
		l.log.ErrorContext(ctx, "pages not changed yet", "error", err)
	}
}

// Watch follows what other processes were told until ctx ends.
func (l *Looks) Watch(ctx context.Context) {
	tick := time.NewTicker(looksEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.changed(ctx)
	}
}
