package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
)

const exportWarning = `WARNING: this file holds every password hash and the secrets of every second factor. Whoever has the
private key can sign in as anybody with a one-time password. Keep both apart, and delete them when
they have done their work. The export is in the audit log.
`

func (c *cli) exportCommand() *cobra.Command {
	var to string
	var recipients []string
	cmd := &cobra.Command{
		Use: "export", Short: "Write everything down for another instance, encrypted", Args: takes(),
		Long: `Write people with their password hashes and the secrets of their factors, applications, APIs, scripts,
organizations, policies and other settings into one file, encrypted to public keys of age
(https://age-encryption.org). "sallyport import" reads it. Sessions, tokens, the audit log, the keys
that sign tokens, and client secrets stay here.`,
		Example: `  sallyport export key --out export.key
  sallyport export --to house.export --recipient export.key.pub`,
	}
	cmd.Flags().StringVar(&to, "to", "", "new `file`, private")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "public `key` age1…, or a file with some (repeatable)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if to == "" || len(recipients) == 0 {
			return &misuse{what: "--to and --recipient are needed", mend: "see `" + cmd.CommandPath() + " --help`"}
		}
		keys, err := readRecipients(recipients)
		if err != nil {
			return err
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error { return c.export(ctx, h, to, keys) })
	}
	cmd.AddCommand(c.exportKey())
	return cmd
}

func readRecipients(given []string) (*management.Recipients, error) {
	var texts []string
	for _, one := range given {
		if strings.HasPrefix(one, "age1") {
			texts = append(texts, one)
			continue
		}
		b, err := os.ReadFile(one) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, &misuse{what: "--recipient: " + err.Error(), mend: "give a public key age1…, or a file with some"}
		}
		texts = append(texts, string(b))
	}
	keys, err := management.ParseRecipients(texts...)
	if err != nil {
		return nil, &misuse{what: "--" + err.Error(), mend: "make a key with `sallyport export key`"}
	}
	return keys, nil
}

// export writes the file under another name first: it is there whole, or not.
func (c *cli) export(ctx context.Context, h *house, to string, keys *management.Recipients) error {
	if _, err := os.Lstat(to); !errors.Is(err, os.ErrNotExist) {
		return &misuse{what: "--to: " + to + " is already there", mend: "name a new file"}
	}
	_, _ = fmt.Fprint(c.err, exportWarning)
	f, err := os.CreateTemp(filepath.Dir(to), ".export-*") // private
	if err != nil {
		return &misuse{what: "--to: " + err.Error(), mend: "name a file that can be written"}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(c.err), progressbar.OptionSetDescription("people"),
		progressbar.OptionSetSpinnerChangeInterval(0), // it would turn in a goroutine that races with Set64
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(!c.json))
	e := &management.Export{DB: h.db, Now: h.now, Actor: administrator, Recipients: keys, Progress: func(n int64) { _ = bar.Set64(n) }} // nobody is watching
	people, err := e.Write(ctx, f)
	_ = bar.Finish() // nobody is watching
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("nothing was exported: %w", err), os.Remove(f.Name()))
	}
	return c.show(map[string]any{"file": to, "people": people}, func(w io.Writer) { row(w, "exported", to, fmt.Sprintf("%d people", people)) })
}

func (c *cli) exportKey() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "key", Short: "Make a key pair for exports", Args: takes(),
		Long:    "Make a key pair for exports: the private half in a file, the public one beside it, in FILE.pub. It resists quantum computers.",
		Example: "  sallyport export key --out export.key",
	}
	cmd.Flags().StringVar(&out, "out", "", "new `file` for the private key")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if out == "" {
			return &misuse{what: "--out is missing", mend: "write `" + cmd.CommandPath() + " --out FILE`"}
		}
		private, public, err := management.NewExportKey()
		if err != nil {
			return err
		}
		for path, text := range map[string]string{out: private, out + ".pub": public} {
			f, err := createPrivate("--out", path)
			if err != nil {
				return err
			}
			_, err = f.WriteString(text + "\n")
			if err := errors.Join(err, f.Close()); err != nil {
				return err
			}
		}
		return c.show(map[string]string{"private": out, "public": out + ".pub"}, func(w io.Writer) {
			row(w, "private key", out)
			row(w, "public key", out+".pub")
		})
	}
	return cmd
}

// createPrivate makes the file that a flag names; one that is there is left alone.
func createPrivate(flag, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &misuse{what: flag + ": " + err.Error(), mend: "name a new file"}
	}
	return f, nil
}
