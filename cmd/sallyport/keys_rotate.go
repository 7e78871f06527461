package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/oidc"
)

func (c *cli) keysRotate() *cobra.Command {
	var algs []string
	cmd := &cobra.Command{
		Use: "rotate", Short: "Make new signing keys", Args: takes(),
		Long: `Make new signing keys. They are published at once and sign after tokens.key_overlap, so that no
application meets a signature whose key it has not seen; the old ones stay published until
nothing that they signed counts any more. Running providers notice within a minute. Where a new
key is published and does not sign yet, none is made.`,
		Example: "  sallyport keys rotate --alg RS256",
	}
	cmd.Flags().StringSliceVar(&algs, "alg", nil, "only for this `algorithm` (RS256, ES256, EdDSA; repeatable)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		for _, alg := range algs {
			if !oneOf(alg, "RS256", "ES256", "EdDSA") {
				return &misuse{what: fmt.Sprintf("--alg: we do not sign with %q", alg), mend: "use RS256, ES256 or EdDSA"}
			}
		}
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			made, err := oidc.RotateKeys(ctx, h.db, h.now(), h.settings.Tokens, administrator, algs...)
			if err != nil {
				return err
			}
			if len(made) == 0 {
				return &misuse{what: "a new key is published already and does not sign yet", mend: "rotate once it signs"}
			}
			return c.show(made, func(w io.Writer) {
				row(w, "KID", "ALG", "SIGNS FROM")
				for _, k := range made {
					row(w, k.ID, k.Alg, day(k.NotBefore))
				}
			})
		})
	}
	return cmd
}
