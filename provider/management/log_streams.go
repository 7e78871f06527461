package management

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

// Log streams pass the audit log on: to a webhook, or to files of this machine.
const (
	streamKind = "log_stream"
	cursorKind = "log_stream_cursor" // how far a stream has got; it changes with each delivery

	maxStreams = 20
)

func (a *API) logStreams() {
	op(a, operation{method: http.MethodGet, path: "/log-streams", scopes: []string{"read:log_streams"}, summary: "Log streams"}, a.listStreams)
	op(a, operation{method: http.MethodPost, path: "/log-streams", scopes: []string{"create:log_streams"}, summary: "Add a log stream"}, a.createStream)
	op(a, operation{method: http.MethodGet, path: "/log-streams/{id}", scopes: []string{"read:log_streams"}, summary: "One log stream", missing: true}, a.stream)
	op(a, operation{method: http.MethodPatch, path: "/log-streams/{id}", scopes: []string{"update:log_streams"}, summary: "Change a log stream", missing: true, conflict: true}, a.patchStream)
	op(a, operation{method: http.MethodDelete, path: "/log-streams/{id}", scopes: []string{"delete:log_streams"}, summary: "Remove a log stream", status: http.StatusNoContent, missing: true}, a.deleteStream)
}

// A logStream is as it is stored.
type logStream struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Type    string         `json:"type"`
	Status  string         `json:"status"`
	Sink    sink           `json:"sink"`
	Filters []streamFilter `json:"filters,omitempty"`
}

// A sink is where a stream ends: the members of both types. httpAuthorization and secret
// are never shown again.
type sink struct {
	Endpoint      string `json:"httpEndpoint,omitempty" maxLength:"2048" doc:"https://…"`
	Authorization string `json:"httpAuthorization,omitempty" maxLength:"4096" doc:"sent as the header Authorization"`
	ContentFormat string `json:"httpContentFormat,omitempty" enum:"JSONLINES,JSONARRAY,JSONOBJECT" doc:"default JSONLINES; JSONOBJECT is one request for each line"`
	ContentType   string `json:"httpContentType,omitempty" maxLength:"100" doc:"default application/json"`
	Secret        string `json:"secret,omitempty" maxLength:"200" doc:"ours: whsec_ and at least 24 bytes in base64; signs requests as Standard Webhooks says"`
	FileName      string `json:"fileName,omitempty" maxLength:"100" doc:"of type file: a name in the folder streams.dir"`
	FileBytes     int64  `json:"fileBytes,omitempty" minimum:"0" maximum:"1099511627776" doc:"of type file: begin another after so many; default 64 MiB"`
	FileKeep      int    `json:"fileKeep,omitempty" minimum:"0" maximum:"1000" doc:"of type file: how many older ones stay; default 10"`
}

// A streamFilter is a category of lines to pass on; none passes on all.
type streamFilter struct {
	Type string `json:"type" enum:"category"`
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// A streamRecord is a stream with the row that it is in.
type streamRecord struct {
	logStream
	row *storage.Document
}

func readStream(row *storage.Document) (*streamRecord, error) {
	s := &streamRecord{row: row}
	return s, json.Unmarshal(row.Body, &s.logStream)
}

func (s *streamRecord) put(ctx context.Context, db *storage.DB) error {
	return storeDocument(ctx, db, s.row, s.logStream)
}

// view is the stream without its secrets.
func (s *streamRecord) view() *logStream {
	v := s.logStream
	v.Sink.Authorization, v.Sink.Secret = "", ""
	return &v
}

func (a *API) allStreams(ctx context.Context) ([]*streamRecord, error) {
	rows, err := a.DB.Documents(ctx, streamKind)
	if err != nil {
		return nil, err
	}
	all := make([]*streamRecord, len(rows))
	for i, row := range rows {
		if all[i], err = readStream(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (a *API) listStreams(ctx context.Context, _ *struct{}) (*struct{ Body []*logStream }, error) {
	all, err := a.allStreams(ctx)
	views := make([]*logStream, len(all))
	for i, s := range all {
		views[i] = s.view()
	}
	return &struct{ Body []*logStream }{views}, err
}

// A StreamPath names a log stream.
type StreamPath struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *API) streamByID(ctx context.Context, id string) (*streamRecord, error) {
	row, err := a.DB.Document(ctx, streamKind, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, missing("log_stream", "The log stream does not exist.")
	}
	if err != nil {
		return nil, err
	}
	return readStream(row)
}

type oneStream struct{ Body *logStream }

func (a *API) stream(ctx context.Context, in *StreamPath) (*oneStream, error) {
	s, err := a.streamByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &oneStream{s.view()}, nil
}

// elsewhere are the types that Auth0 has and we have not.
var elsewhere = []string{"eventbridge", "eventgrid", "datadog", "splunk", "sumo", "segment", "mixpanel"}

func (a *API) createStream(ctx context.Context, in *struct {
	Body struct {
		Name      string         `json:"name,omitempty" maxLength:"255"`
		Type      string         `json:"type" maxLength:"50" doc:"http, or file"`
		Sink      sink           `json:"sink"`
		Filters   []streamFilter `json:"filters,omitempty" maxItems:"50"`
		StartFrom *time.Time     `json:"startFrom,omitempty" doc:"default: now"`
		Priority  bool           `json:"isPriority,omitempty" doc:"not done here"`
	}
},
) (*oneStream, error) {
	b := in.Body
	s := &streamRecord{logStream: logStream{ID: storage.NewID("lst"), Name: b.Name, Type: b.Type, Status: "active", Sink: b.Sink, Filters: b.Filters}}
	if s.Name == "" {
		s.Name = s.Type
	}
	switch {
	case b.Priority:
		return nil, impossible("no log stream comes before others; leave isPriority out")
	case slices.Contains(elsewhere, b.Type):
		return nil, impossible("log streams go to http or file; have " + b.Type + " take a webhook")
	}
	if err := a.checkStream(&s.logStream); err != nil {
		return nil, err
	}
	all, err := a.allStreams(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) >= maxStreams {
		return nil, invalid("type", "there are 20 log streams already; remove one")
	}
	c := cursor{Since: a.Now().UTC()}
	if b.StartFrom != nil {
		c.Since = b.StartFrom.UTC()
	}
	s.row = &storage.Document{Kind: streamKind, Name: s.ID}
	err = a.change(ctx, storage.Event{Type: "log_stream.created", Data: map[string]any{"log_stream": s.ID, "sink": s.Type}}, func(ctx context.Context) error {
		if err := s.put(ctx, a.DB); err != nil {
			return err
		}
		return c.put(ctx, a.DB, &storage.Document{Kind: cursorKind, Name: s.ID})
	})
	if err != nil {
		return nil, err
	}
	return &oneStream{s.view()}, nil
}

func (a *API) patchStream(ctx context.Context, in *struct {
	StreamPath
	Body struct {
		Name    *string         `json:"name,omitempty" minLength:"1" maxLength:"255"`
		Status  string          `json:"status,omitempty" enum:"active,paused"`
		Sink    *sink           `json:"sink,omitempty" doc:"replaces all of it; secrets that are left out stay"`
		Filters *[]streamFilter `json:"filters,omitempty" maxItems:"50"`
	}
},
) (*oneStream, error) {
	s, err := a.streamByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.Name != nil {
		s.Name = *b.Name
	}
	if b.Status != "" {
		s.Status = b.Status
	}
	if b.Filters != nil {
		s.Filters = *b.Filters
	}
	if b.Sink != nil {
		before := s.Sink
		s.Sink = *b.Sink
		if s.Sink.Endpoint == before.Endpoint { // else the secrets would go to somebody else
			s.Sink.Authorization = cmp.Or(s.Sink.Authorization, before.Authorization)
			s.Sink.Secret = cmp.Or(s.Sink.Secret, before.Secret)
		}
	}
	if err := a.checkStream(&s.logStream); err != nil {
		return nil, err
	}
	e := storage.Event{Type: "log_stream.changed", Data: map[string]any{"log_stream": s.ID, "status": s.Status}}
	if err := a.change(ctx, e, func(ctx context.Context) error { return s.put(ctx, a.DB) }); err != nil {
		return nil, err
	}
	return &oneStream{s.view()}, nil
}

func (a *API) deleteStream(ctx context.Context, in *StreamPath) (*struct{}, error) {
	s, err := a.streamByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.change(ctx, storage.Event{Type: "log_stream.deleted", Data: map[string]any{"log_stream": s.ID}}, func(ctx context.Context) error {
		if err := a.DB.DeleteDocument(ctx, streamKind, s.ID); err != nil {
			return err
		}
		return a.DB.DeleteDocument(ctx, cursorKind, s.ID)
	})
}

// fileName keeps streams in their folder, and out of files that are hidden or rotated.
var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,80}(\.[A-Za-z]{1,10})?$`)

// checkStream refuses what could not be delivered, or should not be.
func (a *API) checkStream(s *logStream) error {
	for _, f := range s.Filters {
		if !slices.Contains(categories, f.Name) {
			return invalid("filters", "there is no category "+f.Name)
		}
	}
	k := &s.Sink
	switch s.Type {
	case "http":
		if k.FileName != "" {
			return invalid("sink.fileName", "belongs to type file")
		}
		return a.checkWebhook(k)
	case "file":
		switch {
		case a.Streams.Dir == "":
			return impossible("this provider writes no files; set streams.dir")
		case k.Endpoint != "" || k.Authorization != "" || k.Secret != "":
			return invalid("sink.httpEndpoint", "belongs to type http")
		case !fileName.MatchString(k.FileName):
			return invalid("sink.fileName", "is no plain name; write audit.jsonl")
		}
		return nil
	}
	return invalid("type", "is neither http nor file")
}
