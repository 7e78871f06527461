package management

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	linkLife  = 5 * time.Minute
	linkWrite = 30 * time.Second // for one part
	linkUse   = "management.export"
)

// exportLink is where the file of an export can be had once, without a token: whoever has
// it has shown that they may read users.
func (a *API) exportLink(row *storage.Job) string {
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // it never fails
	text := fmt.Sprintf("%s.%d.%d", row.ID, a.Now().Add(linkLife).Unix(), int64(binary.BigEndian.Uint64(nonce[:])>>1))
	return strings.TrimSuffix(a.Issuer, "/") + Base + "/exports/" + text + "." + a.linkMAC(text)
}

func (a *API) linkMAC(text string) string {
	return base64.RawURLEncoding.EncodeToString(a.DB.MAC(linkUse, []byte(text)))
}

// follow uses a link up and gives the export that it is of. Who comes by a link is known
// by the address alone; that a caller was given one is in the log as well.
//
// Errors: storage.ErrNotFound where it is none, is too old or was used.
func (a *API) follow(ctx context.Context, link, address string) (*job, error) {
	cut := strings.LastIndexByte(link, '.')
	if cut < 0 || !hmac.Equal([]byte(link[cut+1:]), []byte(a.linkMAC(link[:cut]))) {
		return nil, storage.ErrNotFound
	}
	parts := strings.Split(link[:cut], ".")
	if len(parts) != 3 {
		return nil, storage.ErrNotFound
	}
	ends, endsErr := strconv.ParseInt(parts[1], 10, 64)
	nonce, nonceErr := strconv.ParseInt(parts[2], 10, 64)
	if err := errors.Join(endsErr, nonceErr); err != nil || !a.Now().Before(time.Unix(ends, 0)) {
		return nil, storage.ErrNotFound
	}
	row, err := a.DB.Job(ctx, parts[0])
	if err != nil {
		return nil, err
	}
	j, err := readJob(row)
	if err != nil {
		return nil, err
	}
	err = a.DB.Tx(ctx, func(ctx context.Context) error {
		if err := a.DB.AddJobPart(ctx, &storage.JobPart{JobID: row.ID, Kind: partUsed, Number: nonce}); err != nil {
			return err
		}
		return a.DB.AddEvents(ctx, &storage.Event{ID: storage.NewID("evt"), At: a.Now(), Type: "job.downloaded", Address: address, Data: map[string]any{"job": row.ID, "kind": row.Type, "users": j.People}})
	})
	if errors.Is(err, storage.ErrConflict) {
		err = storage.ErrNotFound
	}
	return j, err
}

// download is GET /exports/{link}: the file, part by part.
func (a *API) download(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if r.Method != http.MethodGet { // a look does not use it up
		a.tell(w, refusal(http.StatusMethodNotAllowed, "", "The link takes GET alone."))
		return
	}
	j, err := a.follow(ctx, r.PathValue("link"), a.Address(r).String())
	if errors.Is(err, storage.ErrNotFound) {
		err = refusal(http.StatusNotFound, "", "There is no such link: it works once and not for long. Ask for the job again, which has another.")
	}
	if err != nil {
		a.tell(w, a.refuse(ctx, err))
		return
	}
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+j.row.ID+"."+j.Format+`.gz"`)
	for n := int64(0); n < j.Parts; n++ {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(linkWrite)) // where it cannot be set the server's holds
		parts, err := a.DB.JobParts(ctx, j.row.ID, partOutput, n, 1)
		if err == nil && len(parts) == 0 {
			err = storage.ErrNotFound
		}
		if err == nil {
			_, err = w.Write(parts[0].Body)
		}
		if err != nil { // so that nobody takes it for the whole file
			a.Logger.WarnContext(ctx, "export not delivered", "job", j.row.ID, "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

// tell writes err outside of the framework.
func (a *API) tell(w http.ResponseWriter, err error) {
	var said *Refusal
	if !errors.As(err, &said) {
		said = refusal(http.StatusInternalServerError, "", "Something broke on our side.")
	}
	body, err := json.Marshal(said)
	if err != nil {
		panic(err) // texts and a number
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(said.StatusCode)
	_, _ = w.Write(body) // the caller has gone
}
