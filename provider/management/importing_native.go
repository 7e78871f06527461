package management

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sallyport-id/sallyport/storage"
)

// maxExportLine is what one line of an export may have. A script with all its versions is
// one, and may be much longer than a person.
const maxExportLine = 64 << 20 // bytes

// An Exported is the configuration in an export, with the place of its people.
type Exported struct {
	Settings      *storage.Settings
	APIs          []*storage.API
	Clients       []*storage.Client
	Scripts       []*ExportedScript
	Organizations []*storage.Organization
	Documents     []*storage.Document
	People        int64

	first, end int64 // where the people stand, in bytes
}

// ReadExported reads a decrypted export to its end, so that one that was cut or damaged is
// refused before anything of it is stored.
func ReadExported(r io.Reader) (*Exported, error) {
	in, all := bufio.NewReaderSize(r, 64<<10), &Exported{first: -1}
	for at, ended := int64(0), false; ; {
		text, err := line(in, maxExportLine)
		if errors.Is(err, io.EOF) && ended {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the export is cut or damaged: %w", unended(err))
		}
		var l exportLine
		if err := json.Unmarshal(text, &l); err != nil || !l.whole() {
			return nil, fmt.Errorf("the export is damaged at byte %d", at)
		}
		if at == 0 && (l.Kind != exportHeader || l.Format != exportFormat) {
			return nil, fmt.Errorf("it is an export of another version: format %d, not %d", l.Format, exportFormat)
		}
		if ended = l.Kind == exportEnd; ended {
			if all.end = at; l.People != all.People {
				return nil, fmt.Errorf("the export is damaged: %d of %d people", all.People, l.People)
			}
		}
		all.take(&l, at)
		at += int64(len(text))
	}
}

// whole reports whether l has what its kind says.
func (l *exportLine) whole() bool {
	switch l.Kind {
	case exportSettings:
		return l.Settings != nil
	case exportAPI:
		return l.API != nil
	case exportClient:
		return l.Client != nil
	case exportScript:
		return l.Script != nil && l.Script.Script != nil && !slices.Contains(l.Script.Versions, nil)
	case exportOrganization:
		return l.Organization != nil
	case exportDocument:
		return l.Document != nil
	case exportPerson:
		return l.User != nil && !slices.Contains(l.Authenticators, nil) && !slices.Contains(l.Memberships, nil)
	}
	return true
}

// take takes one line up.
func (e *Exported) take(l *exportLine, at int64) {
	switch l.Kind {
	case exportSettings:
		e.Settings = l.Settings
	case exportAPI:
		e.APIs = append(e.APIs, l.API)
	case exportClient:
		e.Clients = append(e.Clients, l.Client)
	case exportScript:
		l.Script.Script.Secrets = l.Script.Secrets
		e.Scripts = append(e.Scripts, l.Script)
	case exportOrganization:
		e.Organizations = append(e.Organizations, l.Organization)
	case exportDocument:
		e.Documents = append(e.Documents, &storage.Document{Kind: l.Document.Kind, Name: l.Document.Name, Body: l.Document.Body})
	case exportPerson:
		if e.People++; e.first < 0 {
			e.first = at
		}
	}
}

// RunExported imports the people of a decrypted export, whose name is id, behind its
// configuration. It goes on and ends as Run does.
func (im *UserImport) RunExported(ctx context.Context, e *Exported, id string, r io.Reader) (storage.Import, error) {
	list, err := im.DB.Organizations(ctx)
	if err != nil {
		return storage.Import{}, err
	}
	im.organizations = map[string]bool{}
	for _, o := range list {
		im.organizations[o.ID] = true
	}
	if e.first < 0 {
		e.first = e.end
	}
	if _, err := io.CopyN(io.Discard, r, e.first); err != nil {
		return storage.Import{}, err
	}
	im.native = true
	return im.Run(ctx, ImportSource{ID: id, R: io.LimitReader(r, e.end-e.first)})
}

// readNative understands a person of an export of ours.
func (im *UserImport) readNative(r *record) (*incoming, *ImportError) {
	var one exportedPerson
	if err := json.Unmarshal(r.text, &one); err != nil || !(&exportLine{Kind: exportPerson, exportedPerson: one}).whole() {
		return nil, &ImportError{Code: "INVALID_TYPE", Message: "The record is not a person of an export."}
	}
	for _, a := range one.Authenticators {
		a.UserID, a.LoginID, a.Version = one.User.ID, "", 0
	}
	in := &incoming{record: r, user: one.User, seconds: one.Authenticators, apply: func(*storage.User) {}}
	in.memberships = slices.DeleteFunc(one.Memberships, func(m *storage.Member) bool { return !im.organizations[m.OrganizationID] })
	if len(in.memberships) < len(one.Memberships) {
		in.faults = append(in.faults, ImportError{Code: "CONFLICT", Message: "An organization of theirs is not here.", Path: "memberships"})
	}
	return in, nil
}
