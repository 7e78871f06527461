package management

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// settled is how old a line is before it is passed on in order: until then one that was
// written at the same moment may still come before it. A change takes less.
const settled = 10 * time.Second

// logs is the audit log in Auth0's words.
func (a *API) logs() {
	read := []string{"read:logs", "read:logs_users"}
	op(a, operation{method: http.MethodGet, path: "/logs", scopes: read, summary: "The audit log"}, a.listLogs)
	op(a, operation{method: http.MethodGet, path: "/logs/{id}", scopes: read, summary: "One line of the audit log", missing: true}, a.log)
	op(a, operation{method: http.MethodGet, path: "/users/{id}/logs", scopes: read, summary: "The audit log about a user", missing: true}, a.userLogs)
}

// A logLine is a line of the audit log as the API shows one.
type logLine struct {
	ID          string         `json:"_id"`
	LogID       string         `json:"log_id"`
	Date        time.Time      `json:"date"`
	Type        string         `json:"type" doc:"Auth0's code, or sp_ and a name of ours"`
	Description string         `json:"description"`
	Connection  *string        `json:"connection"`
	ClientID    *string        `json:"client_id"`
	ClientName  *string        `json:"client_name"`
	IP          *string        `json:"ip"`
	UserAgent   *string        `json:"user_agent"`
	UserID      *string        `json:"user_id"`
	UserName    *string        `json:"user_name"`
	Details     map[string]any `json:"details" doc:"event and actor in our words, and what the event says of itself"`
}

// set is a pointer to text, nil for none.
func set(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// viewLogs shows lines with the names of who they are about, where those are still here.
func (a *API) viewLogs(ctx context.Context, events []*storage.Event) ([]*logLine, error) {
	ids := map[string]bool{}
	for _, e := range events {
		if e.UserID != "" {
			ids[e.UserID] = true
		}
	}
	var list []string
	for id := range maps.Keys(ids) {
		list = append(list, id)
	}
	users, err := a.DB.UsersByID(ctx, list...)
	if err != nil {
		return nil, err
	}
	lines := make([]*logLine, len(events))
	for i, e := range events {
		l := viewLog(e)
		if u := users[e.UserID]; u != nil {
			l.UserName, l.Connection = set(u.Username), set(a.Connection)
		}
		if e.ClientID != "" {
			c, err := a.DB.CachedClient(ctx, e.ClientID)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
			if err == nil {
				l.ClientName = set(c.Name)
			}
		}
		lines[i] = l
	}
	return lines, nil
}

func viewLog(e *storage.Event) *logLine {
	code, words := codeOf(e)
	l := &logLine{
		ID: e.ID, LogID: e.ID, Date: e.At, Type: code, Description: words, ClientID: set(e.ClientID), IP: set(e.Address), UserID: set(e.UserID),
		Details: map[string]any{},
	}
	maps.Copy(l.Details, e.Data)
	if agent, ok := e.Data["user_agent"].(string); ok {
		l.UserAgent = &agent
		delete(l.Details, "user_agent")
	}
	l.Details["event"], l.Details["actor"] = e.Type, e.Actor
	factor, _ := e.Data["factor"].(string)
	id, _ := e.Data["authenticator_id"].(string)
	if factor == "" {
		return l
	}
	if strings.HasPrefix(code, "gd_") {
		l.Description += " (" + factor + ")"
	}
	if id != "" {
		l.Details["authenticator"] = map[string]any{"id": id, "type": factor}
	}
	return l
}

// A LogSearch are the parameters of lists of the log.
type LogSearch struct {
	Q    string `query:"q" maxLength:"8000" doc:"type, user_id, client_id, ip and date, in the language of GET /users"`
	Sort string `query:"sort" maxLength:"20" pattern:"^date:-?1$" patternDescription:"date:1 or date:-1" doc:"default: the newest first"`
}

func (a *API) listLogs(ctx context.Context, in *struct {
	Paging
	Checkpoint
	Picked
	LogSearch
	Search string `query:"search" maxLength:"8000" doc:"as q"`
	Engine string `query:"search_engine" enum:"v1,v2,v3" doc:"of no meaning: there is one"`
},
) (*listed[*logLine], error) {
	if in.Q == "" {
		in.Q = in.Search
	}
	where, err := parseSearch(in.Q, logTerm)
	if err != nil {
		return nil, err
	}
	if !in.asked() {
		return a.pageOfLogs(ctx, where, in.Paging, in.Sort)
	}
	// Auth0's checkpoints go forward in time, and are bare arrays: the last log_id is the next from.
	found, err := a.forward(ctx, where, in.From, in.Checkpoint.size())
	if err != nil {
		return nil, err
	}
	lines, err := a.viewLogs(ctx, found)
	return &listed[*logLine]{&List[*logLine]{Items: lines, Key: "logs"}}, err
}

// forward are the lines that follow the one with the id after, in their order.
func (a *API) forward(ctx context.Context, where *storage.Condition, after string, most int) ([]*storage.Event, error) {
	old := storage.Condition{Test: &storage.Test{Field: "date", Below: a.Now().UTC().Add(-settled)}}
	if where != nil {
		old = storage.Condition{All: []storage.Condition{old, *where}}
	}
	return a.DB.SearchEvents(ctx, storage.EventSearch{Where: &old, After: after, Oldest: true, Limit: most})
}

func (a *API) pageOfLogs(ctx context.Context, where *storage.Condition, p Paging, sort string) (*listed[*logLine], error) {
	found, err := a.DB.SearchEvents(ctx, storage.EventSearch{Where: where, Oldest: sort == "date:1", Offset: p.Page * p.size(), Limit: p.size()})
	if err != nil {
		return nil, err
	}
	page := &List[*logLine]{Key: "logs", Paging: p}
	if p.Totals {
		if page.Total, err = a.DB.CountEvents(ctx, where); err != nil {
			return nil, err
		}
	}
	page.Items, err = a.viewLogs(ctx, found)
	return &listed[*logLine]{page}, err
}

func (a *API) log(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"100"`
},
) (*struct{ Body *logLine }, error) {
	e, err := a.DB.EventByID(ctx, in.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("log", "The log does not exist.")
	}
	if err != nil {
		return nil, err
	}
	lines, err := a.viewLogs(ctx, []*storage.Event{e})
	if err != nil {
		return nil, err
	}
	return &struct{ Body *logLine }{lines[0]}, nil
}

func (a *API) userLogs(ctx context.Context, in *struct {
	UserPath
	Paging
	LogSearch
},
) (*listed[*logLine], error) {
	if _, err := a.userByID(ctx, in.ID); err != nil {
		return nil, err
	}
	where, err := parseSearch(in.Q, logTerm)
	if err != nil {
		return nil, err
	}
	own := is("user_id", in.ID)
	if where != nil {
		own = &storage.Condition{All: []storage.Condition{*own, *where}}
	}
	return a.pageOfLogs(ctx, own, in.Paging, in.Sort)
}

// logTerm is what fields of the log mean in a search.
func logTerm(field string, l literal) (storage.Condition, string) {
	switch field {
	case "type":
		if l.wild || l.span || l.exists {
			return storage.Condition{}, "type is compared with one code; write type:fp"
		}
		return ofCode(l.text), ""
	case "log_id", "_id":
		field = "id"
	case "data", "":
		field = "details"
	}
	return compared(field, storage.EventField(field), l)
}
