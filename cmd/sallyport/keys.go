package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) keysCommand() *cobra.Command {
	return group("keys", "The keys that sign tokens and seal secrets",
		`Signing keys are in the database and rotate by themselves; applications find the public
halves at the provider's JWKS address. The sealing keyset is in a file of the operator's:
without it the database's secrets can be read by nobody.`,
		c.keysList(), c.keysRotate(), c.keysGenerate(), c.keysRotateSealing(), c.keysReseal(), c.keysRetireSealing(), c.keysVAPID())
}

// keyView is a signing key with its place in the rotation.
type keyView struct {
	*storage.SigningKey
	State string `json:"state"`
}

func keyState(k *storage.SigningKey, now time.Time) string {
	switch {
	case now.Before(k.NotBefore):
		return "published, signs from " + day(k.NotBefore)
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return "gone"
	case !k.RetiredAt.IsZero() && !now.Before(k.RetiredAt):
		return "retired, still published"
	}
	return "signs"
}

func (c *cli) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the signing keys", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error { return c.showKeys(ctx, h) })
		},
	}
}

func (c *cli) showKeys(ctx context.Context, h *house) error {
	keys, err := h.db.SigningKeys(ctx)
	if err != nil {
		return err
	}
	views := []keyView{}
	for _, k := range keys {
		views = append(views, keyView{k, keyState(k, h.now())})
	}
	return c.show(views, func(w io.Writer) {
		row(w, "KID", "ALG", "MADE", "STATE", "PUBLISHED UNTIL")
		for _, v := range views {
			row(w, v.ID, v.Alg, day(v.CreatedAt), v.State, strings.Replace(day(v.ExpiresAt), "never", "", 1))
		}
	})
}

func (c *cli) keysGenerate() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "generate", Short: "Make a sealing keyset", Args: takes(),
		Long: `Make a sealing keyset. Keep a copy of it where the database's backups are not: whoever has both
can read every secret, and whoever loses it loses them.`,
		Example: "  sallyport keys generate --out /etc/sallyport/keyset",
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to make, private; empty: standard output")
	cmd.RunE = func(*cobra.Command, []string) error {
		text, err := storage.GenerateKeyset()
		if err != nil {
			return err
		}
		if out == "" {
			_, err = c.out.Write(text)
			return err
		}
		if _, err := os.Stat(out); err == nil {
			return &misuse{what: out + " is already there", mend: "a new keyset cannot open what the old one sealed; name another file"}
		}
		if err := storage.WriteKeyset(out, text); err != nil {
			return err
		}
		return c.show(map[string]string{"file": out}, func(w io.Writer) { row(w, "wrote "+out+"; set seal.keyset_file to it") })
	}
	return cmd
}

func (c *cli) keysRotateSealing() *cobra.Command {
	return c.keysetEdit("rotate-sealing FILE", "Add a new sealing key to a keyset file", storage.RotateKeyset,
		`Add a new key that seals from now on; the old ones still open. Then give the file to every node,
restart them, run `+"`sallyport keys reseal`"+`, and last `+"`sallyport keys retire-sealing FILE`"+`.`)
}

func (c *cli) keysRetireSealing() *cobra.Command {
	return c.keysetEdit("retire-sealing FILE", "Remove the old sealing keys from a keyset file", storage.RetireKeyset,
		"Remove all but the newest key. What `sallyport keys reseal` has not sealed again is lost.")
}

// keysetEdit changes a keyset file in place, in one step.
func (c *cli) keysetEdit(use, short string, edit func([]byte) ([]byte, error), long string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: takes("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err == nil {
				text, err = edit(text)
			}
			if err != nil {
				return &misuse{what: err.Error(), mend: "name the file that seal.keyset_file names"}
			}
			if err := storage.WriteKeyset(args[0], text); err != nil {
				return err
			}
			return c.show(map[string]string{"file": args[0]}, func(w io.Writer) { row(w, "wrote "+args[0]) })
		},
	}
}

func (c *cli) keysReseal() *cobra.Command {
	return &cobra.Command{
		Use: "reseal", Short: "Seal every secret again with the newest sealing key", Args: takes(),
		Long: "Seal every secret again with the newest sealing key. It may run while the provider serves, and again after an interruption.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				n, err := h.db.Reseal(ctx)
				if err != nil {
					return err
				}
				e := event{Type: "keys.resealed", Data: map[string]any{"rows": n}}
				if err := h.change(ctx, e, func(context.Context) error { return nil }); err != nil {
					return err
				}
				return c.show(map[string]int{"rows": n}, func(w io.Writer) { row(w, fmt.Sprintf("%d secrets sealed again", n)) })
			})
		},
	}
}

func (c *cli) keysVAPID() *cobra.Command {
	return &cobra.Command{
		Use: "vapid", Short: "Make the key by which push services know this site", Args: takes(),
		Long: `Make a VAPID key (RFC 8292), with which the web authenticator is notified: put it into the
setting factors.push.web_push.private_key, and an address of yours into subject beside it.
Browsers that were set up with another key are notified no more until they are set up anew.`,
		Example: "  sallyport keys vapid > vapid   # and: factors.push.web_push.private_key_file: vapid",
		RunE: func(*cobra.Command, []string) error {
			key, err := push.NewKey()
			if err != nil {
				return err
			}
			return c.show(map[string]string{"private_key": key}, func(w io.Writer) { row(w, key) })
		},
	}
}
