package management

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
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
	worn  []byte     // what was stored, as pages look
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
	if err := l.wear(ctx); err != nil {
		return err
	}
	return l.word(ctx)
}

// wear has the pages look as is stored, where that is not as before.
func (l *Looks) wear(ctx context.Context) error {
	now, err := l.read(ctx)
	if err != nil {
		return err
	}
	stored, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("looks of pages: %w", err)
	}
	if bytes.Equal(stored, l.worn) {
		return nil
	}
	if err := l.dress(ctx, now); err != nil {
		return fmt.Errorf("looks of pages: %w", err)
	}
	l.pages.SetTexts(textsOf(now.Texts, l.pages.Languages()))
	l.worn = stored
	return nil
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

// storedLooks are what is stored of the pages.
type storedLooks struct {
	Name, URL, Email string // of the service, and where people are helped
	Locales          []string
	Branding         brandingView
	Texts            map[string]screenTexts // by document
}

func (l *Looks) read(ctx context.Context) (*storedLooks, error) {
	s, err := l.db.Settings(ctx)
	if err != nil {
		return nil, fmt.Errorf("looks of pages: %w", err)
	}
	now := &storedLooks{Name: s.FriendlyName, URL: s.SupportURL, Email: s.SupportEmail, Locales: s.Locales, Texts: map[string]screenTexts{}}
	if _, now.Branding, err = readBrandingOf(ctx, l.db); err != nil {
		return nil, fmt.Errorf("looks of pages: %w", err)
	}
	documents, err := l.db.Documents(ctx, promptKind)
	if err != nil {
		return nil, fmt.Errorf("texts of pages: %w", err)
	}
	for _, d := range documents {
		var texts screenTexts
		if err := json.Unmarshal(d.Body, &texts); err != nil {
			return nil, fmt.Errorf("texts of pages: document %s: %w", d.ID, err)
		}
		now.Texts[d.Name] = texts
	}
	return now, nil
}

// dress gives the pages their name, languages, colours and logo. What cannot be worn any
// more, because the theme has changed below it, is left out, and the rest is worn.
func (l *Looks) dress(ctx context.Context, now *storedLooks) error {
	look := themes.Look{Name: now.Name, Help: now.URL, SupportEmail: now.Email, SupportURL: now.URL}
	if look.Help == "" && now.Email != "" {
		look.Help = "mailto:" + now.Email
	}
	add := func(what string, put func(*themes.Look) error) {
		more := look
		err := put(&more)
		if err == nil {
			err = l.pages.Try(more)
		}
		if err != nil {
			l.log.ErrorContext(ctx, "pages cannot look as an administrator has set it, and look as configured in this; see PATCH /api/v2/branding and /tenants/settings", "what", what, "error", err)
			return
		}
		look = more
	}
	for _, lang := range now.Locales {
		add("enabled_locales", func(k *themes.Look) error { k.Languages = append(slices.Clip(k.Languages), lang); return nil })
	}
	add("colors", func(k *themes.Look) error { now.Branding.paint(k); return nil })
	add("logo_url", now.Branding.sign)
	return l.pages.SetLook(look)
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
func (l *Looks) Watch(ctx context.Context) { every(ctx, looksEvery, l.changed) }
