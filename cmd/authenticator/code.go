package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/spf13/cobra"
)

// A shown code is what a person types where the question does not come.
type shown struct {
	Account string `json:"account"`
	Issuer  string `json:"issuer"`
	Code    string `json:"code"`
	Left    int    `json:"seconds_left"`
}

func (c *cli) codeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "code [ACCOUNT]", Short: "The one-time code of an account, or of all", Args: takes("[ACCOUNT]"),
		Long: `The one-time code of an account, or of all: what to type where a site wants a code. A site takes
each code once.`,
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := c.accounts(args)
			if err != nil {
				return err
			}
			codes := []shown{}
			for _, a := range all {
				if a.Secret == "" && len(args) == 0 {
					continue
				}
				one, err := a.code(time.Now())
				if err != nil {
					return err
				}
				codes = append(codes, one)
			}
			return c.show(codes, func(w io.Writer) {
				for _, one := range codes {
					fmt.Fprintf(w, "%s\t%d s\t%s at %s\n", one.Code, one.Left, one.Account, one.Issuer)
				}
			})
		},
	}
}

var algorithms = map[string]otp.Algorithm{"SHA1": otp.AlgorithmSHA1, "SHA256": otp.AlgorithmSHA256, "SHA512": otp.AlgorithmSHA512}

// code is the one of at (RFC 6238).
func (a *account) code(at time.Time) (shown, error) {
	v := a.view()
	algorithm, known := algorithms[strings.ToUpper(a.Algorithm)]
	switch {
	case a.Secret == "":
		return shown{}, &missing{a.String() + " has no codes", "use `authenticator wait`"}
	case !known || a.Digits < 6 || a.Digits > 8 || a.Period < 1:
		return shown{}, fmt.Errorf("%s has codes of a kind that this program does not know; use `authenticator wait`", a)
	}
	period := int64(a.Period)
	text, err := totp.GenerateCodeCustom(a.Secret, at, totp.ValidateOpts{
		Period: uint(period), Digits: otp.Digits(a.Digits), Algorithm: algorithm,
	})
	if err != nil {
		return shown{}, fmt.Errorf("%s has codes of a kind that this program does not know; use `authenticator wait`", a)
	}
	return shown{Account: v.Account, Issuer: v.Issuer, Code: text, Left: int(period - at.Unix()%period)}, nil
}
