package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
)

func (c *cli) migrateCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database's tables up to date", Args: takes(),
		Long: `Apply the migrations that the database lacks. They only go forward, and the release before this
one still works on the new tables, so that nodes can be replaced one by one.`,
		Example: `  sallyport migrate
  sallyport migrate --check     # exit status 1 where something is pending`,
	}
	cmd.Flags().BoolVar(&check, "check", false, "only say what is pending")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := c.settings()
		if err != nil {
			return err
		}
		h, err := openHouse(cmd.Context(), s, newLogger(c.err, "text", warnings))
		if err != nil {
			return err
		}
		work, word := h.db.Migrate, "applied"
		if check {
			work, word = h.db.Pending, "pending"
		}
		names, err := work(cmd.Context())
		if err = errors.Join(err, h.db.Close()); err != nil {
			return err
		}
		err = c.show(map[string][]string{word: append([]string{}, names...)}, func(w io.Writer) {
			for _, name := range names {
				row(w, word, name)
			}
			if len(names) == 0 {
				row(w, "the database is up to date")
			}
		})
		if err == nil && check && len(names) > 0 {
			err = errors.New("migrations are pending; run `sallyport migrate`")
		}
		return err
	}
	return cmd
}
