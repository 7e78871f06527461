package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors/otp"
	"github.com/sallyport-id/sallyport/factors/password"
	"github.com/sallyport-id/sallyport/storage"
)

// importLine is one person of an import: the claims of a user with what they know.
type importLine struct {
	storage.User
	PasswordHash string `json:"password_hash"`
	TOTPSecret   string `json:"totp_secret"` // base32, as authenticator apps take it
}

const maxImportLine = 1 << 20 // bytes

func (c *cli) userImport() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Add people with the password hashes they have elsewhere", Args: takes("FILE"),
		Long: `Add people from a file with one JSON object a line: the claims as "user show --json" prints them,
and password_hash, an argon2, bcrypt, scrypt or PBKDF2 hash in PHC or modular crypt form. They
sign in with the password they have; its hash is replaced by ours then. Without a hash they set
a password by mail. totp_secret is the key of an authenticator app (six digits, 30 seconds), in
base32. FILE - is standard input.

Lines that are wrong are said with their number and left out, the others are added; run it again
with the mended lines. Exit status 2 where a line was wrong.`,
		Example: `  {"username":"anna","email":"anna@example.com","email_verified":true,"password_hash":"$2b$12$…"}

  sallyport user import people.jsonl --dry-run
  sallyport user import people.jsonl`,
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only check the lines")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		in, err := c.openInput(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }() // read only
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			return c.importLines(ctx, h, in, dry)
		})
	}
	return cmd
}

func (c *cli) openInput(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(c.in), nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: err.Error(), mend: "name a readable file, or - for standard input"}
	}
	return f, nil
}

func (c *cli) importLines(ctx context.Context, h *house, in io.Reader, dry bool) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxImportLine)
	added, wrong := 0, 0
	number := 0
	for lines.Scan() {
		number++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		if err := h.importLine(ctx, text, dry); err != nil {
			wrong++
			_, _ = fmt.Fprintf(c.err, "line %d: %v\n", number, err)
			continue
		}
		added++
	}
	if err := lines.Err(); err != nil {
		return &misuse{what: fmt.Sprintf("line %d: %v", number+1, err), mend: fmt.Sprintf("a line may have %d bytes", maxImportLine)}
	}
	word := "added"
	if dry {
		word = "good"
	}
	err := c.show(map[string]int{word: added, "wrong": wrong}, func(w io.Writer) { row(w, fmt.Sprintf("%d %s, %d wrong", added, word, wrong)) })
	if err == nil && wrong > 0 {
		err = &misuse{what: fmt.Sprintf("%d line(s) were left out", wrong), mend: "mend them and import those alone"}
	}
	return err
}

func (h *house) importLine(ctx context.Context, text []byte, dry bool) error {
	var one importLine
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&one); err != nil {
		return err
	}
	u := &one.User
	if u.Username == "" {
		u.Username = u.Email
	}
	if u.Username == "" {
		return &misuse{what: "there is neither username nor email", mend: "give one of them"}
	}
	if u.ID == "" {
		u.ID = storage.NewID("usr")
	}
	if err := errors.Join(checkObject("app_metadata", u.AppMetadata), checkObject("user_metadata", u.UserMetadata)); err != nil {
		return err
	}
	known, err := one.authenticators(h.now())
	if err != nil || dry {
		return err
	}
	return h.change(ctx, event{Type: "user.created", UserID: u.ID, Data: map[string]any{"import": true}}, func(ctx context.Context) error {
		if err := h.db.CreateUser(ctx, u); err != nil {
			return named(err, "user", u.Username)
		}
		for _, a := range known {
			if err := h.addAuthenticator(ctx, u, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkObject refuses metadata in which scripts would find no members. null is as good as none.
func checkObject(name string, text json.RawMessage) error {
	var all map[string]any
	if len(text) > 0 && json.Unmarshal(text, &all) != nil {
		return &misuse{what: name + " is no object", mend: "write {\"name\": value}"}
	}
	return nil
}

// authenticators are what the person brings along.
func (l *importLine) authenticators(now time.Time) ([]*storage.Authenticator, error) {
	var list []*storage.Authenticator
	if l.PasswordHash != "" {
		a, err := password.Import(l.PasswordHash, now)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	if l.TOTPSecret != "" {
		a, err := otp.Import(l.TOTPSecret, now)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}
