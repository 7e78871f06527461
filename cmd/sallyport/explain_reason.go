package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
)

// A reason is a record with what the scripts in it are, as far as they are still there.
type reason struct {
	*flows.Record
	kinds map[string]string // by name
}

// script names a rule or an action.
func (rec *reason) script(name string) string {
	return fmt.Sprintf("%s %q", or(rec.kinds[name], "rule"), name)
}

// decided names the row or the script that made the difference.
func (rec *reason) decided() string {
	if rec.Denial != nil {
		return rec.blamed()
	}
	said, asks := rec.wanted()
	switch {
	case rec.Final.Need == policy.Deny:
		said += "; refused: " + rec.Final.Reason
	case rec.Asked.Remembered:
		said += "; the browser is remembered"
	case rec.Final.Reason == "grace":
		said += "; put off by the person, within the grace"
	case asks && flows.EndOf(rec.Asked) == flows.LetIn:
		said += "; what it wants was shown before"
	}
	return said
}

// blamed names the script that ended a sign-in, with its line.
func (rec *reason) blamed() string {
	d, did := rec.Denial, "refused"
	if d.Fault {
		did = "failed"
	}
	at := ""
	if d.Line > 0 {
		at = fmt.Sprintf(", line %d", d.Line)
	}
	return fmt.Sprintf("%s%s, which %s: %s", rec.script(d.Script), at, did, d.Reason)
}

// wanted is who wanted a second factor, or none, in which words, and whether those are
// that one is always asked for.
func (rec *reason) wanted() (said string, always bool) {
	source, f := rec.Asked.Source, rec.Facts
	switch source {
	case "":
		return "nobody wanted more: " + rec.Asked.Reason, false
	case "acr_values":
		return "the application, which asked for " + strings.Join(slices.Concat(f.EssentialACR, f.ACRValues), ", "), false
	}
	if name, ok := strings.CutPrefix(source, "rule "); ok {
		return rec.script(name), false
	}
	scope, name, inRow := strings.Cut(source, ": ")
	d := map[string]policy.Document{"organization": f.OrganizationPolicy, "client": f.ClientPolicy, "tenant": f.TenantPolicy}[scope]
	said, word := "the policy of the "+scope, or(d.Policy, policy.Never)
	if i := slices.IndexFunc(d.Rows, func(r policy.Row) bool { return r.Name == name }); inRow && i >= 0 {
		said, word = fmt.Sprintf("%s, row %q", said, name), d.Rows[i].Policy
	}
	said += ": " + word
	if word == policy.Adaptive {
		said += " at a confidence of " + rec.confidence()
	}
	return said, word == policy.Always
}

// confidence is how sure it was that this was the person, with what makes it so.
func (rec *reason) confidence() string {
	if rec.Risk == nil {
		return "low (nobody assessed it)"
	}
	var why []string
	for name, a := range rec.Risk.Assessments {
		if a.Confidence == rec.Risk.Confidence {
			why = append(why, name+" "+a.Code)
		}
	}
	slices.Sort(why)
	return fmt.Sprintf("%s (%s)", rec.Risk.Confidence, strings.Join(why, ", "))
}
