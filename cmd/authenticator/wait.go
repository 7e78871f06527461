package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// waitFlags are the flags of wait.
type waitFlags struct {
	once         bool
	timeout      time.Duration
	approve      string
	deny, report bool
}

// given reports whether the answer is known beforehand.
func (f waitFlags) given() bool { return f.approve != "" || f.deny || f.report }

var digits = regexp.MustCompile(`^[0-9]{1,9}$`)

func (c *cli) waitCommand() *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use: "wait [ACCOUNT]", Short: "Be asked whether it is you, and answer", Args: takes("[ACCOUNT]"),
		Long: `Ask the sites of all accounts, or of one, every two seconds whether somebody signs in, show who,
and ask you. Type the number that the sign-in page shows to approve. Approve only what you have
just begun yourself.

Ends with Ctrl-C. With --approve, --deny or --report it asks nobody, answers one question and ends;
the status is then 0 only where the site took the answer. With --json each answered question is
one line.`,
		Example: `  authenticator wait
  authenticator wait --once --timeout 2m
  authenticator wait ada --approve 42 --timeout 30s --json`,
	}
	cmd.Flags().BoolVar(&f.once, "once", false, "end after one question")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 0, "end after this `time`, such as 90s; 0 never")
	cmd.Flags().StringVar(&f.approve, "approve", "", "approve with the `number` on the page; any where it shows none")
	cmd.Flags().BoolVar(&f.deny, "deny", false, "say no")
	cmd.Flags().BoolVar(&f.report, "report", false, "say that this isn't you: somebody knows your password")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case cmd.Flags().Changed("approve") && !digits.MatchString(f.approve):
			return &misuse{what: "--approve is not a number", mend: "write the digits that the page shows"}
		case f.deny && f.report, f.approve != "" && (f.deny || f.report):
			return &misuse{what: "there is one answer to a question", mend: "give one of --approve, --deny and --report"}
		case f.timeout < 0:
			return &misuse{what: "--timeout is below 0", mend: "write a time such as 90s"}
		}
		all, err := c.accounts(args)
		if err != nil {
			return err
		}
		f.once = f.once || f.given()
		return c.wait(cmd.Context(), f, all)
	}
	return cmd
}

// asked is the question that is open here.
type asked struct {
	at *account
	*standin.Question
}

// waiting is one run of wait.
type waiting struct {
	*cli
	waitFlags
	known   int // accounts whose sites know this device
	open    *asked
	settled map[string]bool     // questions by their tokens: answered, ignored
	trouble map[*account]string // what was said last of a site that is not well
	lines   <-chan string       // what is typed, nil once that has ended
}

func (c *cli) wait(ctx context.Context, f waitFlags, all []*account) error {
	within, cancel := ctx, context.CancelFunc(func() {})
	if f.timeout > 0 {
		within, cancel = context.WithTimeout(ctx, f.timeout)
	}
	defer cancel()
	w := &waiting{cli: c, waitFlags: f, known: len(all), settled: map[string]bool{}, trouble: map[*account]string{}}
	sights := make(chan sight)
	for _, a := range all {
		go watch(within, a, sights)
	}
	if !f.given() {
		w.lines = typed(within, c.in)
		c.say("Waiting. Sign in where you want to; the question comes here. Stop with Ctrl-C.\n")
	}
	for {
		var over bool
		var err error
		select {
		case <-within.Done():
			return w.end(ctx)
		case s := <-sights:
			over, err = w.see(ctx, s)
		case line, more := <-w.lines:
			over, err = w.read(ctx, line, more)
		}
		if over || err != nil {
			return err
		}
	}
}

// end says what it means that the time is up. Who stops the program knows what it means.
func (w *waiting) end(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	if len(w.settled) > 0 {
		return nil
	}
	if w.open != nil {
		return &missing{"the question was not answered within " + w.timeout.String(), "sign in again, and use a longer --timeout"}
	}
	return &missing{"nothing was asked within " + w.timeout.String(), "sign in first, or use a longer --timeout"}
}

// typed are the lines of in. They come one by one, so that what was typed before a
// question does not answer it.
func typed(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// see takes in what a site says, and reports whether the waiting is over.
func (w *waiting) see(ctx context.Context, s sight) (bool, error) {
	if s.err != nil {
		return false, w.unwell(s)
	}
	if w.trouble[s.at] != "" {
		delete(w.trouble, s.at)
		w.warn("%s answers again", siteOf(s.at.Base))
	}
	if w.open != nil && w.open.at == s.at && (s.question == nil || s.question.Token != w.open.Token) {
		w.say("\n") // below the line where an answer was typed
		if over, err := w.settle(late); over || err != nil {
			return over, err
		}
	}
	if s.question == nil || w.open != nil || w.settled[s.question.Token] {
		return false, nil // one at a time: what else is asked is seen again
	}
	w.open = &asked{s.at, s.question}
	return w.ask(ctx)
}

// unwell says once what is the matter with a site.
func (w *waiting) unwell(s sight) error {
	err := explain(s.err, s.at.Base)
	if text := err.Error(); w.trouble[s.at] != text {
		w.trouble[s.at] = text
		w.warn("%s: %s", s.at, text)
	}
	if !gone(s.err) {
		return nil
	}
	if w.known--; w.known > 0 {
		return nil
	}
	return errors.New("no site knows this device any more; set it up anew with `authenticator enroll ADDRESS`")
}
