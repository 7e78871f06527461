package management

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// exportFormat is the version of what an export holds.
const exportFormat = 1

// exportPage is how many people are read at once.
const exportPage = 500

// Kinds of the lines of an export, in the order in which they come.
const (
	exportHeader       = "header"
	exportSettings     = "settings"
	exportAPI          = "api"
	exportClient       = "client"
	exportScript       = "script"
	exportOrganization = "organization"
	exportDocument     = "document"
	exportPerson       = "person"
	exportEnd          = "end"
)

// An exportLine is one line of an export: what its kind says, and nothing else.
type exportLine struct {
	Kind         string                `json:"kind"`
	Format       int                   `json:"format,omitempty"` // of the header
	At           time.Time             `json:"at,omitzero"`
	Settings     *storage.Settings     `json:"settings,omitempty"`
	API          *storage.API          `json:"api,omitempty"`
	Client       *storage.Client       `json:"client,omitempty"`
	Script       *ExportedScript       `json:"script,omitempty"`
	Organization *storage.Organization `json:"organization,omitempty"`
	Document     *exportedDocument     `json:"document,omitempty"`
	exportedPerson
	People int64 `json:"people,omitempty"` // of the end
}

type exportedPerson struct {
	User           *storage.User            `json:"user,omitempty"`
	Authenticators []*factors.Authenticator `json:"authenticators,omitempty"`
	Memberships    []*storage.Member        `json:"memberships,omitempty"`
}

// An ExportedScript is a script with its texts, the oldest first, and its secrets.
type ExportedScript struct {
	*storage.Script
	Secrets     map[string]string        `json:"secrets,omitempty"`
	Versions    []*storage.ScriptVersion `json:"versions"`
	DisplayName string                   `json:"display_name,omitempty"` // of an action's place
}

type exportedDocument struct {
	Kind string          `json:"kind"`
	Name string          `json:"name"`
	Body json.RawMessage `json:"body"`
}

// An Export writes down all that another instance needs to take over: people with their
// password hashes and the secrets of their factors, applications, APIs, scripts with their
// secrets, organizations, policies and other settings. It leaves out what is of the moment
// (sessions, tokens, what was mailed), the audit log, the keys that sign tokens, and
// client secrets, which nobody has.
//
// It is encrypted to Recipients alone, who decide by themselves when to read it, and every
// one is an audit event before its first byte.
type Export struct {
	DB         *storage.DB
	Now        func() time.Time
	Actor      string
	Recipients *Recipients
	Progress   func(people int64) // hears after each page; nil: nobody
}

// Write writes the export and returns how many people are in it.
func (e *Export) Write(ctx context.Context, to io.Writer) (people int64, err error) {
	if err := e.note(ctx, "export.started", nil); err != nil {
		return 0, err
	}
	sealed, err := age.Encrypt(to, e.Recipients.list...)
	if err != nil {
		return 0, fmt.Errorf("management: encrypt: %w", err)
	}
	w := &exporter{Export: e, to: bufio.NewWriterSize(sealed, 64<<10)}
	w.encode = json.NewEncoder(w.to)
	if err := w.all(ctx); err != nil {
		return w.people, err
	}
	if err := errors.Join(w.to.Flush(), sealed.Close()); err != nil {
		return w.people, err
	}
	return w.people, e.note(ctx, "export.done", map[string]any{"people": w.people})
}

func (e *Export) note(ctx context.Context, kind string, data map[string]any) error {
	if data == nil {
		data = map[string]any{}
	}
	data["recipients"] = e.Recipients.names
	return e.DB.AddEvents(ctx, &storage.Event{At: e.Now(), Type: kind, Actor: e.Actor, Data: data})
}

type exporter struct {
	*Export
	to     *bufio.Writer
	encode *json.Encoder
	people int64
}

func (w *exporter) line(kind string, l exportLine) error {
	l.Kind = kind
	return w.encode.Encode(l)
}

func (w *exporter) all(ctx context.Context) error {
	if err := w.line(exportHeader, exportLine{Format: exportFormat, At: w.Now().UTC()}); err != nil {
		return err
	}
	for _, write := range []func(context.Context) error{w.settings, w.applications, w.scripts, w.organizations, w.documents, w.persons} {
		if err := write(ctx); err != nil {
			return err
		}
	}
	return w.line(exportEnd, exportLine{People: w.people})
}

func (w *exporter) settings(ctx context.Context) error {
	s, err := w.DB.Settings(ctx)
	if err != nil {
		return err
	}
	return w.line(exportSettings, exportLine{Settings: s})
}

func (w *exporter) applications(ctx context.Context) error {
	apis, err := w.DB.APIs(ctx)
	if err != nil {
		return err
	}
	for _, a := range apis {
		if err := w.line(exportAPI, exportLine{API: a}); err != nil {
			return err
		}
	}
	clients, err := w.DB.Clients(ctx)
	if err != nil {
		return err
	}
	for _, c := range clients {
		if err := w.line(exportClient, exportLine{Client: c}); err != nil {
			return err
		}
	}
	return nil
}

func (w *exporter) scripts(ctx context.Context) error {
	scripts, err := w.DB.Scripts(ctx)
	if err != nil {
		return err
	}
	for _, s := range scripts {
		versions, err := w.DB.ScriptVersions(ctx, s.ID)
		if err != nil {
			return err
		}
		slices.Reverse(versions)
		one := &ExportedScript{Script: s, Secrets: s.Secrets, Versions: versions}
		b, row, err := Desk{DB: w.DB}.bindingOf(ctx, s)
		if err != nil {
			return err
		}
		if row.Version > 0 {
			one.DisplayName = b.DisplayName
		}
		if err := w.line(exportScript, exportLine{Script: one}); err != nil {
			return err
		}
	}
	return nil
}

func (w *exporter) organizations(ctx context.Context) error {
	list, err := w.DB.Organizations(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		if err := w.line(exportOrganization, exportLine{Organization: o}); err != nil {
			return err
		}
	}
	return nil
}

func (w *exporter) documents(ctx context.Context) error {
	list, err := w.DB.AllDocuments(ctx)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Kind == bindingKind { // it has the id of a script, which gets another
			continue
		}
		if err := w.line(exportDocument, exportLine{Document: &exportedDocument{d.Kind, d.Name, d.Body}}); err != nil {
			return err
		}
	}
	return nil
}

// persons writes people page by page.
func (w *exporter) persons(ctx context.Context) error {
	filter := storage.UserFilter{Limit: exportPage}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := w.DB.Users(ctx, filter)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := w.page(ctx, list); err != nil {
			return err
		}
		filter.After = list[len(list)-1].ID
		if w.Progress != nil {
			w.Progress(w.people)
		}
	}
}

func (w *exporter) page(ctx context.Context, list []*storage.User) error {
	ids := make([]string, len(list))
	for i, u := range list {
		ids[i] = u.ID
	}
	authenticators, err := w.DB.AuthenticatorsOf(ctx, ids)
	if err != nil {
		return err
	}
	memberships, err := w.DB.MembershipsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, u := range list {
		confirmed := slices.DeleteFunc(authenticators[u.ID], func(a *factors.Authenticator) bool { return a.ConfirmedAt.IsZero() })
		err := w.line(exportPerson, exportLine{exportedPerson: exportedPerson{User: u, Authenticators: confirmed, Memberships: memberships[u.ID]}})
		if err != nil {
			return err
		}
		w.people++
	}
	return nil
}
