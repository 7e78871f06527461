package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) policyHistory() *cobra.Command {
	var where scopeFlags
	cmd := &cobra.Command{
		Use: "history", Short: "List the versions of a policy, the newest first", Args: takes(),
		Long:    "The first one is what held before anybody changed it.",
		Example: "  sallyport policy history --organization acme",
	}
	where.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			s, err := h.scope(ctx, where)
			if err != nil {
				return err
			}
			past, err := h.db.PolicyVersions(ctx, s.ID)
			if err != nil {
				return err
			}
			return c.show(past, func(w io.Writer) {
				row(w, "VERSION", "AT", "BY", "DOCUMENT")
				for _, v := range past {
					row(w, v.Number, day(v.CreatedAt), or(v.By, "nobody"), string(v.Document))
				}
			})
		})
	}
	return cmd
}

func (c *cli) policyRollback() *cobra.Command {
	var where scopeFlags
	cmd := forceFlag(&cobra.Command{
		Use: "rollback VERSION", Short: "Bring an earlier version of a policy back", Args: takes("VERSION"),
		Long:    "It becomes the newest version; nothing is forgotten.",
		Example: "  sallyport policy rollback 3 --organization acme",
	})
	where.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		number, err := versionNumber(args[0])
		if err != nil {
			return err
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			return c.replacePolicy(ctx, cmd, h, where, map[string]any{"rolled_back_to": number}, func(ctx context.Context, s *management.PolicyScope) (policy.Document, error) {
				v, err := h.policyVersion(ctx, s.ID, number)
				if err != nil {
					return policy.Document{}, err
				}
				return h.parseDocument("version "+args[0], v.Document)
			})
		})
	}
	return cmd
}

func (c *cli) policyDiff() *cobra.Command {
	var where scopeFlags
	cmd := &cobra.Command{
		Use: "diff VERSION VERSION", Short: "Show what changed from one version of a policy to another", Args: takes("VERSION", "VERSION"),
		Example: "  sallyport policy diff 2 3 --client cli_…",
	}
	where.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			s, err := h.scope(ctx, where)
			if err != nil {
				return err
			}
			var texts [2][]byte
			for i, arg := range args {
				number, err := versionNumber(arg)
				if err != nil {
					return err
				}
				v, err := h.policyVersion(ctx, s.ID, number)
				if err != nil {
					return err
				}
				var b bytes.Buffer
				if err := json.Indent(&b, v.Document, "", "  "); err != nil {
					return fmt.Errorf("version %d: %w", number, err)
				}
				b.WriteByte('\n')
				texts[i] = b.Bytes()
			}
			_, err = c.out.Write(diff.Diff("version "+args[0], texts[0], "version "+args[1], texts[1]))
			return err
		})
	}
	return cmd
}

func (h *house) policyVersion(ctx context.Context, scope string, number int64) (*storage.PolicyVersion, error) {
	v, err := h.db.PolicyVersion(ctx, scope, number)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("the policy of %s has no version %d; see `sallyport policy history`%w", scope, number, quiet{err})
	}
	return v, err
}

func versionNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, &misuse{what: fmt.Sprintf("%q is no version", text), mend: "write its number, see `sallyport policy history`"}
	}
	return n, nil
}
