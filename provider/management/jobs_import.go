package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	maxImportFile = 500 << 10             // bytes, as at Auth0
	maxImportBody = maxImportFile + 8<<10 // with the other fields of the form
	maxFailures   = 5000                  // that are listed of one import
	importPath    = "/jobs/users-imports"
)

// Larger are the routes whose bodies may be larger than those of others, in bytes.
var Larger = map[string]int64{"POST " + Base + importPath: maxImportBody}

// importForm describes the form of an import.
func importForm() *huma.RequestBody {
	flag := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean, Description: doc} }
	most := 128
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"users", "connection_id"}, Properties: map[string]*huma.Schema{
			"users":                 {Type: huma.TypeString, Format: "binary", Description: "a JSON array in Auth0's schema of imports, at most 500 KB"},
			"connection_id":         {Type: huma.TypeString, MaxLength: &most},
			"upsert":                flag("change users who are there already; takes update:users, and create:authentication_methods for their mfa_factors"),
			"external_id":           {Type: huma.TypeString, MaxLength: &most},
			"send_completion_email": flag("true is not done here"),
		},
	}}}}
}

// importUsers takes the form up. It is a multipart form, which is read in memory alone:
// there are hashes of passwords in it.
func (a *API) importUsers(ctx context.Context, in *struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"multipart/form-data"`
},
) (*oneJob, error) {
	form, err := readImportForm(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	s := jobState{ExternalID: form["external_id"], Size: int64(len(form["users"]))}
	s.Factors = callerOf(ctx).May("create:authentication_methods")
	if s.Upsert, err = flagOf(form, "upsert"); err != nil {
		return nil, err
	}
	mail, err := flagOf(form, "send_completion_email")
	users := []byte(form["users"])
	text := bytes.TrimLeft(users, " \t\r\n")
	switch {
	case err != nil:
		return nil, err
	case mail:
		return nil, impossible("nobody is mailed when a job is done; leave send_completion_email out and look at the job")
	case form["connection_id"] != connectionID:
		return nil, refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case len(users) > maxImportFile:
		return nil, refusal(http.StatusRequestEntityTooLarge, "", "Payload content exceeded the limit (500KB); import in several jobs")
	case len(text) == 0 || text[0] != '[' || !json.Valid(users):
		return nil, invalid("users", "is no JSON array")
	case s.Upsert && !callerOf(ctx).May("update:users"):
		return nil, refusal(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected: update:users, because upsert changes users who are there")
	}
	return a.startJob(ctx, jobImport, s, users)
}

// readImportForm is a form by the names of its fields. Errors: a 400 or 415.
func readImportForm(contentType string, body []byte) (map[string]string, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, refusal(http.StatusUnsupportedMediaType, "", "Send multipart/form-data with a file users")
	}
	form := map[string]string{}
	names := []string{"users", "connection_id", "upsert", "external_id", "send_completion_email"}
	for r := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: the form cannot be read to its end")
		}
		name := part.FormName()
		value, err := io.ReadAll(part)
		_, twice := form[name]
		switch {
		case err != nil:
			return nil, refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: the form cannot be read to its end")
		case !slices.Contains(names, name):
			return nil, refusal(http.StatusBadRequest, "invalid_body", "Payload validation error: 'Additional properties not allowed'; the form has "+strings.Join(names, ", "))
		case twice:
			return nil, invalid(name, "is there twice")
		case name != "users" && (len(value) > 128 || !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0):
			return nil, invalid(name, "is no text of at most 128 bytes")
		}
		form[name] = string(value)
	}
	for _, name := range []string{"users", "connection_id"} {
		if _, ok := form[name]; !ok {
			return nil, invalid(name, "is missing")
		}
	}
	return form, nil
}

func flagOf(form map[string]string, name string) (bool, error) {
	if form[name] == "" {
		return false, nil
	}
	value, err := strconv.ParseBool(form[name])
	if err != nil {
		return false, invalid(name, "is neither true nor false")
	}
	return value, nil
}

// importing is the import of j without what it works with.
func (j *job) importing() *UserImport {
	return &UserImport{Actor: j.Actor, Upsert: j.Upsert, WithoutRoles: true, WithoutNewFactors: !j.Factors, Bounded: true, Left: j.Left}
}

// runImport imports the file of j from where it was left.
//
// Errors: *jobFault; storage.ErrConflict where another node has it.
func (a *API) runImport(ctx context.Context, j *job) error {
	input, err := a.DB.JobParts(ctx, j.row.ID, partInput, -1, 1)
	if err != nil {
		return err
	}
	if len(input) == 0 {
		return &jobFault{"The file of users is gone."}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	im := j.importing()
	im.DB, im.Factors, im.Now = a.DB, a.Factors, a.Now
	im.Keep = func(ctx context.Context, at storage.Import, failures []ImportFailure) error {
		return a.keepFailures(ctx, j.row.ID, at, failures)
	}
	var lost error
	im.Progress = func(at storage.Import) {
		j.reach(at)
		j.Left, j.Tries = im.Left, 0
		if lost = a.lease(context.WithoutCancel(ctx), j); lost != nil {
			stop()
		}
	}
	at, err := im.Run(ctx, ImportSource{ID: j.row.ID, R: bytes.NewReader(input[0].Body)})
	j.reach(at)
	var syntax *ImportSyntax
	switch {
	case lost != nil:
		return lost
	case errors.Is(err, ErrImported): // all but the end of the job was stored
		return nil
	case errors.As(err, &syntax):
		return &jobFault{"Failed to parse users file JSON when importing users. Make sure it is valid JSON: " + syntax.Error()}
	}
	return err
}

// reach notes how far the import is.
func (j *job) reach(at storage.Import) {
	j.Position = at.Position
	j.Summary = jobSummary{Failed: at.Failed, Updated: at.Updated, Inserted: at.Inserted, Total: at.Records}
}

// keepFailures stores what did not come over of a batch, with the batch, up to a limit.
func (a *API) keepFailures(ctx context.Context, id string, at storage.Import, failures []ImportFailure) error {
	room := maxFailures - (at.Failed - int64(len(failures)))
	if len(failures) == 0 || room <= 0 {
		return nil
	}
	body, err := json.Marshal(failures[:min(room, int64(len(failures)))])
	if err != nil {
		return fmt.Errorf("management: failures: %w", err)
	}
	return a.DB.AddJobPart(ctx, &storage.JobPart{JobID: id, Kind: partErrors, Number: at.Records, Body: body})
}
