package management

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// actionVersions are all texts that an action had, its draft too.
func (a *API) actionVersions() {
	op(a, operation{method: http.MethodGet, path: "/actions/actions/{id}/versions", scopes: []string{"read:actions"}, summary: "Texts of an action, the newest first", missing: true}, a.listActionVersions)
	op(a, operation{method: http.MethodGet, path: "/actions/actions/{id}/versions/{version}", scopes: []string{"read:actions"}, summary: "One text of an action", missing: true}, a.actionVersion)
	op(a, operation{method: http.MethodPost, path: "/actions/actions/{id}/versions/{version}/deploy", scopes: []string{"create:actions"}, summary: "Deploy a text of an action, an older one to roll back", status: http.StatusAccepted, missing: true, conflict: true}, a.deployActionVersion)
}

// An actionVersion is a text of an action as the API shows one.
type actionVersion struct {
	ID           string             `json:"id"`
	ActionID     string             `json:"action_id"`
	Code         string             `json:"code"`
	Dependencies []actionDependency `json:"dependencies"`
	Deployed     bool               `json:"deployed"`
	Number       int64              `json:"number"`
	Runtime      string             `json:"runtime"`
	Secrets      []actionSecret     `json:"secrets"`
	Status       string             `json:"status"`
	Triggers     []actionTrigger    `json:"supported_triggers"`
	Action       *actionOfVersion   `json:"action,omitempty"`
	BuiltAt      time.Time          `json:"built_at"`
	CreatedAt    time.Time          `json:"created_at"`
	UpdatedAt    time.Time          `json:"updated_at"`
}

// An actionOfVersion is what a text says of its action.
type actionOfVersion struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Triggers    []actionTrigger `json:"supported_triggers"`
	AllDeployed bool            `json:"all_changes_deployed"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

func versionID(v *storage.ScriptVersion) string {
	return v.ScriptID + "." + strconv.FormatInt(v.Number, 10)
}

func viewActionVersion(s *storage.Script, v *storage.ScriptVersion) *actionVersion {
	return &actionVersion{
		ID: versionID(v), ActionID: s.ID, Code: v.Source, Dependencies: []actionDependency{}, Deployed: v.Number == s.Deployed, Number: v.Number,
		Runtime: actionRuntime, Secrets: secretsOf(s), Status: "built", Triggers: triggersOfAction(), BuiltAt: v.CreatedAt, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt,
	}
}

// whole is a version with what is to say of its action, whose newest text has a number.
func whole(s *storage.Script, v *storage.ScriptVersion, newest int64) *actionVersion {
	view := viewActionVersion(s, v)
	view.Action = &actionOfVersion{s.ID, s.Name, triggersOfAction(), s.Deployed == newest, s.CreatedAt, s.UpdatedAt}
	return view
}

// actionVersionList are versions as the API lists them.
type actionVersionList struct {
	Versions []*actionVersion `json:"versions"`
	paged
}

func (a *API) listActionVersions(ctx context.Context, in *struct {
	ActionPath
	ActionPage
},
) (*struct{ Body *actionVersionList }, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, in.ID)
	if err != nil {
		return nil, err
	}
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	total, err := a.DB.CountScriptVersions(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	at := in.at(int(total))
	page, err := a.DB.ScriptVersionsPage(ctx, s.ID, at.Start, at.Limit)
	if err != nil {
		return nil, err
	}
	list := &actionVersionList{[]*actionVersion{}, at}
	list.Length = len(page)
	for _, v := range page {
		list.Versions = append(list.Versions, whole(s, v, draft.Number))
	}
	return &struct{ Body *actionVersionList }{list}, nil
}

// An ActionVersionPath names a text of an action.
type ActionVersionPath struct {
	ActionPath
	Version string `path:"version" maxLength:"130"`
}

// find is the action and its text. Errors: a 404.
func (p *ActionVersionPath) find(ctx context.Context, a *API) (*storage.Script, *storage.ScriptVersion, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, p.ID)
	if err != nil {
		return nil, nil, err
	}
	none := missing("action_version", "The version of the action does not exist")
	after, ok := strings.CutPrefix(p.Version, s.ID+".")
	number, err := strconv.ParseInt(after, 10, 64)
	if !ok || err != nil {
		return nil, nil, none
	}
	v, err := a.DB.ScriptVersion(ctx, s.ID, number)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, none
	}
	return s, v, err
}

type oneActionVersion struct{ Body *actionVersion }

func (a *API) oneActionVersion(ctx context.Context, s *storage.Script, v *storage.ScriptVersion) (*oneActionVersion, error) {
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	return &oneActionVersion{whole(s, v, draft.Number)}, nil
}

func (a *API) actionVersion(ctx context.Context, in *ActionVersionPath) (*oneActionVersion, error) {
	s, v, err := in.find(ctx, a)
	if err != nil {
		return nil, err
	}
	return a.oneActionVersion(ctx, s, v)
}

func (a *API) deployAction(ctx context.Context, in *ActionPath) (*oneActionVersion, error) {
	s, err := a.scriptBy(ctx, storage.ScriptAction, in.ID)
	if err != nil {
		return nil, err
	}
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	if draft.Number == 0 {
		return nil, invalid("code", "there is no text to deploy; send one")
	}
	return a.deployText(ctx, s, ScriptEdit{Version: draft.Number})
}

// deployText lets a text run, and shows it.
func (a *API) deployText(ctx context.Context, s *storage.Script, edit ScriptEdit) (*oneActionVersion, error) {
	v, err := a.desk(ctx).EditScript(ctx, s, edit)
	if err != nil {
		return nil, scriptFault(err, "code")
	}
	return a.oneActionVersion(ctx, s, v)
}

// deployActionVersion rolls back, or forward again. The draft stays what it is, unless the
// text is to be the draft too: then it becomes the newest, unless the draft is the same.
func (a *API) deployActionVersion(ctx context.Context, in *struct {
	ActionVersionPath
	Body *DraftUpdate
},
) (*oneActionVersion, error) {
	s, v, err := in.find(ctx, a)
	if err != nil {
		return nil, err
	}
	draft, err := a.scriptText(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Body == nil || !in.Body.Draft:
		return a.deployText(ctx, s, ScriptEdit{Version: v.Number})
	case draft.Source == v.Source:
		return a.deployText(ctx, s, ScriptEdit{Version: draft.Number})
	}
	return a.deployText(ctx, s, ScriptEdit{Source: &v.Source, Deploy: true})
}

// A DraftUpdate says what becomes of the draft where a version is deployed.
type DraftUpdate struct {
	Draft bool `json:"update_draft,omitempty" doc:"make the version the draft too"`
}
