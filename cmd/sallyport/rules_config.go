package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) rulesConfig() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "config [KEY]", Short: "List, set or remove values that every rule finds in configuration",
		Long: `Set a value that every rule finds in configuration, beside its own secrets, which go first. It is read
from standard input or --value-file; an empty one removes it. Without KEY, list the keys: no verb
shows the values.`,
		Example: `  sallyport rules config
  printf %s "$KEY" | sallyport rules config API_KEY`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return takes("KEY")(cmd, args)
	}
	cmd.Flags().StringVar(&file, "value-file", "-", "`file` with the value; -: standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.withHouse(cmd, c.listConfiguration)
		}
		value, err := c.readValue(file)
		if err != nil {
			return err
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			err := h.desk(false).SetConfiguration(ctx, args[0], value)
			if errors.Is(err, storage.ErrNotFound) {
				return fmt.Errorf("configuration has no %q; see `sallyport rules config`%w", args[0], quiet{err})
			}
			if errors.Is(err, storage.ErrInvalid) {
				return ofScript(err, args[0])
			}
			if err != nil {
				return err
			}
			return c.listConfiguration(ctx, h)
		})
	}
	return cmd
}

func (c *cli) listConfiguration(ctx context.Context, h *house) error {
	values, err := h.db.Configuration(ctx)
	if err != nil {
		return err
	}
	keys := slices.AppendSeq([]string{}, maps.Keys(values))
	slices.Sort(keys)
	return c.show(keys, func(w io.Writer) {
		row(w, "KEY")
		for _, key := range keys {
			row(w, key)
		}
	})
}
