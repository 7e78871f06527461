package management

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	exportStep  = 500     // users of one part, at most
	exportPart  = 8 << 20 // bytes, packed, with which a part ends
	exportsADay = 50
)

// An exportField is a member of users that is written down, and under which name.
type exportField struct {
	Name string `json:"name" minLength:"1" maxLength:"200" doc:"such as email, user_metadata.plan or identities[0].connection"`
	As   string `json:"export_as,omitempty" maxLength:"200"`
}

func (f exportField) as() string {
	if f.As != "" {
		return f.As
	}
	return f.Name
}

// exportable are the members of users that there are; of the last three something inside,
// too. Hashes and secrets are no members.
var exportable = []string{
	"user_id", "email", "email_verified", "username", "name", "given_name", "family_name", "nickname", "picture", "phone_number", "phone_verified",
	"blocked", "created_at", "updated_at", "last_login", "logins_count", "multifactor", "identities", "user_metadata", "app_metadata",
}

// exportedAlways are those of an export that names none.
var exportedAlways = exportable[:14]

var exportName = regexp.MustCompile(`^[a-z_]+((\[[0-9]{1,3}\])?(\.[A-Za-z0-9_-]{1,64}){0,8})$`)

func (a *API) exportUsers(ctx context.Context, in *struct {
	Body struct {
		ConnectionID string        `json:"connection_id,omitempty" maxLength:"128"`
		Format       string        `json:"format,omitempty" enum:"json,csv" doc:"json: one object a line; the default"`
		Limit        int           `json:"limit,omitempty" minimum:"0" maximum:"100000000" doc:"0: all"`
		Fields       []exportField `json:"fields,omitempty" maxItems:"100"`
	}
},
) (*oneJob, error) {
	b := in.Body
	if b.ConnectionID != "" && b.ConnectionID != connectionID {
		return nil, refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	}
	if b.Format == "" {
		b.Format = "json"
	}
	if len(b.Fields) == 0 {
		for _, name := range exportedAlways {
			b.Fields = append(b.Fields, exportField{Name: name})
		}
	}
	if err := checkFields(b.Fields); err != nil {
		return nil, err
	}
	made, err := a.DB.CountJobs(ctx, jobExport)
	if err != nil {
		return nil, err
	}
	if made >= exportsADay {
		return nil, refusal(http.StatusTooManyRequests, "too_many_jobs", fmt.Sprintf("There were %d exports within a day, whose files are kept as long; wait", exportsADay))
	}
	return a.startJob(ctx, jobExport, jobState{Format: b.Format, Limit: b.Limit, Fields: b.Fields}, nil)
}

func checkFields(all []exportField) error {
	seen, names := map[string]bool{}, map[string]bool{}
	for i, f := range all {
		path := "fields[" + strconv.Itoa(i) + "]"
		top, _, inner := strings.Cut(strings.ReplaceAll(f.Name, "[", ".["), ".")
		switch {
		case !exportName.MatchString(f.Name) || !slices.Contains(exportable, top):
			return invalid(path+".name", "is no member of users; there are "+strings.Join(exportable, ", "))
		case inner && !slices.Contains([]string{"identities", "user_metadata", "app_metadata"}, top):
			return invalid(path+".name", top+" has nothing inside")
		case names[f.Name]:
			return invalid(path+".name", "is there twice")
		case strings.ContainsRune(f.As, 0):
			return invalid(path+".export_as", "is no text")
		case seen[f.as()]:
			return invalid(path+".export_as", "is another field's name")
		}
		seen[f.as()], names[f.Name] = true, true
	}
	return nil
}

// runExport writes users down, in the order of their ids, from where it was left. Each part
// is packed by itself: one behind the other they are a file (RFC 1952 §2.2).
//
// Errors: storage.ErrConflict where another node has it.
func (a *API) runExport(ctx context.Context, j *job) error {
	if j.Parts == 0 {
		n, err := a.DB.CountUsers(ctx, nil)
		if err != nil {
			return err
		}
		if j.Expected = n; j.Limit > 0 {
			j.Expected = min(n, j.Limit)
		}
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		step := exportStep
		if j.Limit > 0 {
			step = min(step, j.Limit-j.People)
		}
		var found []*storage.FoundUser
		var err error
		if step > 0 {
			if found, err = a.DB.SearchUsers(ctx, storage.UserSearch{After: j.After, Limit: step}); err != nil {
				return err
			}
		}
		whole, err := a.writePart(ctx, j, found)
		if err != nil {
			return err
		}
		done = whole && len(found) < exportStep
	}
	return nil
}

// writePart stores the next part of an export with how far it is then: of all found, or of
// the first of them.
func (a *API) writePart(ctx context.Context, j *job, found []*storage.FoundUser) (whole bool, err error) {
	if len(found) == 0 && j.Parts > 0 {
		return true, nil
	}
	views, err := a.viewUsers(ctx, found)
	if err != nil {
		return false, err
	}
	body, n, err := j.write(views)
	if err != nil {
		return false, err
	}
	whole, found = n == len(found), found[:n]
	next := *j
	row := *j.row
	next.row, next.Tries = &row, 0
	next.Parts++
	next.People += len(found)
	if len(found) > 0 {
		next.After = found[len(found)-1].User.ID
	}
	err = a.DB.Tx(ctx, func(ctx context.Context) error {
		if err := a.lease(ctx, &next); err != nil {
			return err
		}
		return a.DB.AddJobPart(ctx, &storage.JobPart{JobID: row.ID, Kind: partOutput, Number: next.Parts, Body: body})
	})
	if err == nil {
		*j = next
	}
	return whole, err
}

// write packs users as one part of j's file, and says how many have room in it.
func (j *job) write(views []*userView) (part []byte, n int, err error) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	line := j.jsonLine(zip)
	sheet := csv.NewWriter(zip)
	if j.Format == "csv" {
		if line = j.csvLine(sheet); j.Parts == 0 {
			head := make([]string, len(j.Fields))
			for i, f := range j.Fields {
				head[i] = inert(f.as())
			}
			_ = sheet.Write(head) // Error says so
		}
	}
	for ; n < len(views) && packed.Len() <= exportPart; n++ {
		text, err := json.Marshal(views[n])
		if err != nil {
			return nil, 0, err
		}
		var all map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&all); err != nil {
			return nil, 0, err
		}
		if err := line(all); err != nil {
			return nil, 0, err
		}
	}
	sheet.Flush()
	err = errors.Join(sheet.Error(), zip.Close())
	return packed.Bytes(), n, err
}

func (j *job) jsonLine(to io.Writer) func(map[string]any) error {
	encode := json.NewEncoder(to)
	encode.SetEscapeHTML(false)
	return func(user map[string]any) error {
		row := map[string]any{}
		for _, f := range j.Fields {
			if value := within(user, f.Name); value != nil {
				row[f.as()] = value
			}
		}
		return encode.Encode(row)
	}
}

func (j *job) csvLine(to *csv.Writer) func(map[string]any) error {
	return func(user map[string]any) error {
		row := make([]string, len(j.Fields))
		for i, f := range j.Fields {
			switch value := within(user, f.Name).(type) {
			case nil:
			case string:
				row[i] = inert(value)
			default:
				text, err := json.Marshal(value)
				if err != nil {
					return err
				}
				row[i] = string(text)
			}
		}
		return to.Write(row)
	}
}

// within is what a name such as identities[0].connection means in a user, nil for nothing.
func within(value any, name string) any {
	for _, step := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return nil
			}
			value = at[i]
		default:
			return nil
		}
	}
	return value
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9.]+$`)

// inert keeps spreadsheets from taking a text for a formula: what people call themselves
// is theirs to choose.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) && !plainNumber.MatchString(text) {
		return "'" + text
	}
	return text
}
