package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// failuresShown are said on the terminal; all are in the report.
const failuresShown = 20

// importFlags say how people are imported.
type importFlags struct {
	dry, upsert, withoutPasswords bool
	report                        string
}

func (f *importFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.dry, "dry-run", false, "say what would come over and store nothing")
	flags.BoolVar(&f.upsert, "upsert", false, "change people who are there already")
	flags.BoolVar(&f.withoutPasswords, "without-passwords", false, "take people whose password hash cannot be checked here; they set a new one by mail")
	flags.StringVar(&f.report, "report", "", "`file` that every wrong record is added to, private, one JSON object a line")
}

// importPeople imports a file of people. The view is nil where it could not begin.
func (c *cli) importPeople(ctx context.Context, h *house, flags *importFlags, path string) (*peopleView, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: err.Error(), mend: "name a readable file"}
	}
	defer func() { _ = f.Close() }() // read only
	src, size, err := sourceOf(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	place := func(at storage.Import) int64 { return at.Position }
	if src.R != io.Reader(f) { // packed: by what was read of it
		place = func(storage.Import) int64 {
			n, _ := f.Seek(0, io.SeekCurrent) // where it cannot be told the bar stands
			return n
		}
	}
	return c.runImport(h, flags, path, size, place, func(im *management.UserImport) (storage.Import, error) { return im.Run(ctx, src) })
}

// runImport lets run import the people of a file, which is of size bytes, with a bar whose
// place is what place says.
func (c *cli) runImport(h *house, flags *importFlags, path string, size int64, place func(storage.Import) int64,
	run func(*management.UserImport) (storage.Import, error),
) (*peopleView, error) {
	report, err := c.openReport(flags.report)
	if err != nil {
		return nil, err
	}
	bar := c.people(size)
	im := &management.UserImport{
		DB: h.db, Factors: h.factors, Now: h.now, Actor: administrator,
		Upsert: flags.upsert, WithoutPasswords: flags.withoutPasswords, Dry: flags.dry,
		Failed: func(f management.ImportFailure) { _ = bar.Clear(); report.add(f) }, // nobody is watching
		Progress: func(at storage.Import) {
			bar.Describe(fmt.Sprintf("people %d", at.Inserted+at.Updated))
			_ = bar.Set64(place(at)) // nobody is watching
		},
	}
	begun := time.Now()
	at, err := run(im)
	_ = bar.Finish() // nobody is watching
	view := viewOfPeople(path, at, im.Left, time.Since(begun).Round(time.Millisecond).String())
	switch {
	case errors.Is(err, management.ErrImported):
		view.Before, view.Failed, err = true, 0, nil
	case errors.Is(err, context.Canceled):
		err = fmt.Errorf("stopped after %d records: run the same command again, and it goes on there", at.Records)
	case errors.Is(err, storage.ErrConflict):
		err = &misuse{what: path + " is being imported by somebody else", mend: "wait for them"}
	case err != nil:
		err = fmt.Errorf("%s: %w", path, err)
	}
	return view, errors.Join(err, report.close())
}

// sourceOf names the content of f and unpacks it where it is packed.
func sourceOf(f *os.File) (src management.ImportSource, size int64, err error) {
	sum := sha256.New()
	if size, err = io.Copy(sum, f); err != nil {
		return src, 0, err
	}
	src.ID = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return src, 0, err
	}
	head := make([]byte, 2)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return src, 0, err
	}
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return src, 0, err
	}
	src.R = f
	if bytes.Equal(head[:n], []byte{0x1f, 0x8b}) {
		src.R, err = gzip.NewReader(bufio.NewReader(f))
	}
	return src, size, err
}

// people is the bar, in bytes of the file.
func (c *cli) people(size int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(c.err), progressbar.OptionSetDescription("people"),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(!c.json),
		progressbar.OptionThrottle(100*time.Millisecond))
}

// A report is where wrong records are written to.
type report struct {
	c     *cli
	file  *os.File
	shown int
	err   error
}

func (c *cli) openReport(path string) (*report, error) {
	r := &report{c: c}
	if path == "" {
		return r, nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: "--report: " + err.Error(), mend: "name a file that can be written"}
	}
	r.file = f
	return r, nil
}

func (r *report) add(f management.ImportFailure) {
	if r.file != nil && r.err == nil {
		r.err = json.NewEncoder(r.file).Encode(struct {
			Record int64 `json:"record"`
			Kept   bool  `json:"kept"` // the person came over all the same
			management.ImportFailure
		}{f.Record, f.Kept, f})
	}
	r.shown++
	switch {
	case r.shown < failuresShown+1:
		for _, e := range f.Errors {
			_, _ = fmt.Fprintf(r.c.err, "record %d%s: %s\n", f.Record, map[bool]string{true: " (the person came over)"}[f.Kept], plain(e.Error()))
		}
	case r.shown == failuresShown+1:
		_, _ = fmt.Fprintln(r.c.err, "there are more wrong records; --report FILE has them all")
	}
}

func (r *report) close() error {
	if r.file == nil {
		return nil
	}
	if err := errors.Join(r.err, r.file.Close()); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}
