package management

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxImportRecord is what one person may have.
const maxImportRecord = 1 << 20 // bytes

// An ImportSyntax says where a file cannot be read on.
type ImportSyntax struct {
	Record int64 // the last that was read, from 1
	Byte   int64
	Why    string
}

func (e *ImportSyntax) Error() string {
	return fmt.Sprintf("after record %d, at byte %d: %s; mend it, or take that person out, and import the rest", e.Record, e.Byte, e.Why)
}

// A record is one person of a file, as it stands there.
type record struct {
	text   json.RawMessage
	number int64 // from 1
	end    int64 // where the next one begins, in bytes
	fault  *ImportError
}

// records reads a file record by record, in either form, and holds no more of it than one
// batch.
type records struct {
	next   func() (json.RawMessage, error)
	offset func() int64
	base   int64 // of offset
	read   int64 // records
	broken error // it cannot be read on
}

// openRecords reads on at position, in bytes.
func openRecords(r io.Reader, position int64) (*records, error) {
	if seeker, ok := r.(io.Seeker); ok {
		if _, err := seeker.Seek(position, io.SeekStart); err != nil {
			return nil, err
		}
	} else if _, err := io.CopyN(io.Discard, r, position); err != nil {
		return nil, fmt.Errorf("the file is shorter than it was: %w", err)
	}
	in := bufio.NewReaderSize(r, 64<<10)
	first, skipped, err := peek(in)
	switch {
	case errors.Is(err, io.EOF):
		return &records{next: func() (json.RawMessage, error) { return nil, io.EOF }, offset: func() int64 { return skipped }, base: position}, nil
	case err != nil:
		return nil, err
	case first == '[' && position == 0:
		return array(in, skipped)
	case first == ',' || first == ']':
		return restOfArray(in, position+skipped, first)
	}
	return lines(in, position+skipped), nil
}

// peek finds the first byte that is no space, without taking it.
func peek(in *bufio.Reader) (first byte, skipped int64, err error) {
	for {
		b, err := in.Peek(1)
		if err != nil {
			return 0, skipped, err
		}
		if !bytes.ContainsAny(b, " \t\r\n") {
			return b[0], skipped, nil
		}
		_, _ = in.Discard(1) // it was peeked at
		skipped++
	}
}

// restOfArray goes on in an array, behind an element.
func restOfArray(in *bufio.Reader, base int64, first byte) (*records, error) {
	if first == ',' {
		_, _ = in.Discard(1) // it was peeked at
		base++
	}
	return array(io.MultiReader(bytes.NewReader([]byte("[")), in), base-1)
}

func array(in io.Reader, base int64) (*records, error) {
	meter := &meter{r: in, left: maxImportRecord}
	d := json.NewDecoder(meter)
	if _, err := d.Token(); err != nil { // [
		return nil, err
	}
	return &records{base: base, offset: d.InputOffset, next: func() (json.RawMessage, error) {
		meter.left = maxImportRecord
		if !d.More() {
			if _, err := d.Token(); err != nil {
				return nil, unended(err)
			}
			return nil, io.EOF
		}
		var text json.RawMessage
		return text, unended(d.Decode(&text))
	}}, nil
}

// unended keeps the end of the file in the middle of something from being its end.
func unended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A meter ends what is read for one record.
type meter struct {
	r    io.Reader
	left int
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, tooLong(maxImportRecord)
	}
	n, err := m.r.Read(b)
	m.left -= n
	return n, err
}

func tooLong(most int) error { return fmt.Errorf("a record has more than %d bytes", most) }

func lines(in *bufio.Reader, base int64) *records {
	read := int64(0)
	return &records{base: base, offset: func() int64 { return read }, next: func() (json.RawMessage, error) {
		for {
			line, err := line(in, maxImportRecord)
			read += int64(len(line))
			text := bytes.TrimSpace(line)
			switch {
			case len(text) > 0:
				return text, nil
			case err != nil:
				return nil, err
			}
		}
	}}
}

// line reads one line of about most bytes with its end; the last may lack it.
func line(in *bufio.Reader, most int) ([]byte, error) {
	var all []byte
	for {
		part, err := in.ReadSlice('\n')
		all = append(all, part...)
		switch {
		case !errors.Is(err, bufio.ErrBufferFull):
			if errors.Is(err, io.EOF) && len(all) > 0 {
				err = nil
			}
			return all, err
		case len(all) > most:
			return nil, tooLong(most)
		}
	}
}

// batch reads the records of the next batch; with the last of the file comes io.EOF.
func (r *records) batch() ([]record, error) {
	var list []record
	if r.broken != nil {
		return nil, r.broken
	}
	for size := 0; len(list) < importBatch && size < importBatchBytes; {
		text, err := r.next()
		if errors.Is(err, io.EOF) {
			return list, io.EOF
		}
		if err != nil {
			r.broken = &ImportSyntax{Record: r.read, Byte: r.base + r.offset(), Why: err.Error()}
			return list, r.broken
		}
		r.read++
		one := record{text: text, number: r.read, end: r.base + r.offset()}
		if !json.Valid(text) {
			one.text, one.fault = nil, &ImportError{Code: "INVALID_TYPE", Message: "The record is not JSON."}
		}
		list, size = append(list, one), size+len(text)
	}
	return list, nil
}

// failure is what is wrong with r.
func (r *record) failure(errs ...ImportError) ImportFailure {
	return ImportFailure{User: blotted(r.text), Errors: errs, Record: r.number}
}

// blotted is a record without its secrets.
func blotted(text json.RawMessage) json.RawMessage {
	var all any
	if json.Unmarshal(text, &all) != nil {
		return json.RawMessage(`{}`)
	}
	b, err := json.Marshal(blot(all, false))
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return b
}

// secretFields are the fields of a record whose texts are secrets, with all below them, in
// any case: JSON is read without looking at it.
var secretFields = []string{"password_hash", "passwordHash", "custom_password_hash", "hash", "salt", "mfa_factors", "totp_secret", "password", "authenticators"}

func isSecret(name string) bool {
	return slices.ContainsFunc(secretFields, func(field string) bool { return strings.EqualFold(field, name) })
}

func blot(value any, secret bool) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			value[name] = blot(inner, secret || isSecret(name))
		}
	case []any:
		for i := range value {
			value[i] = blot(value[i], secret)
		}
	case string:
		if secret {
			return "*****"
		}
	}
	return value
}
