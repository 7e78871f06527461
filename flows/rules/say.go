package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	maxConsole     = 50 // lines of one script
	maxLine        = 256
	maxVerdict     = 64 << 10 // bytes of all that is said
	maxTransaction = 16 << 10 // bytes of api.transaction's metadata
)

// What scripts may say of factors and providers.
var (
	providers = []string{"any", "none", "guardian", "google-authenticator", "duo"}
	multiples = "use one of " + strings.Join(providers, ", ")
)

// spend counts what is said. A script that says too much is stopped, for it could catch
// an error.
func (r *run) spend(texts ...string) {
	for _, t := range texts {
		r.spent += len(t)
	}
	if r.spent > maxVerdict {
		r.stop(fmt.Sprintf("it said more than %d bytes", maxVerdict))
	}
}

func (r *run) step() *Step { return &r.said.Steps[len(r.said.Steps)-1] }

// note is for the execution log.
func (r *run) note(word string) {
	if at := r.step(); len(at.Said) < maxConsole {
		at.Said = append(at.Said, word)
	}
}

func (r *run) log(a []string) (string, error) {
	if at := r.step(); len(at.Console) < maxConsole {
		at.Console = append(at.Console, clip(a[0], maxLine))
	}
	return "", nil
}

// fail is the script's own error; the first one counts.
func (r *run) fail(a []string) (string, error) {
	if r.failed == nil {
		r.failed = &Fault{Script: r.at.Name, Line: r.at.line(a[1]), Why: clip(a[0], 500)}
	}
	return "", nil
}

func (r *run) deny(a []string) (string, error) {
	r.note("deny")
	if r.said.Denial == nil {
		r.said.Denial = &Denial{Script: r.at.Name, Line: r.at.line(a[1]), Reason: clip(a[0], 500)}
	}
	return "", nil
}

// ruled takes what context.multifactor and context.redirect are after a rule. They are
// one object of all rules: the last one's word holds, also that there is none.
func (r *run) ruled(a []string) (string, error) {
	provider, remember, url := a[0], a[1] != "", a[2]
	switch was := r.rules; {
	case provider == "" && was != nil:
		r.note("no multifactor")
		r.rules, r.said.Multifactor = nil, nil
	case provider != "" && (was == nil || was.Provider != provider || was.AllowRememberBrowser != remember):
		if _, err := r.multifactor([]string{provider, yes(remember)}); err != nil {
			return "", err
		}
		r.rules = r.said.Multifactor
	}
	if url == "" {
		r.said.Redirect = nil
	} else if was := r.said.Redirect; was == nil || was.URL != url {
		return r.redirect([]string{url, "{}"})
	}
	return "", nil
}

func (r *run) multifactor(a []string) (string, error) {
	if !slices.Contains(providers, a[0]) {
		return "", fmt.Errorf("multifactor: %q is no provider; %s", clip(a[0], 60), multiples)
	}
	r.note("multifactor")
	r.said.Multifactor = &Multifactor{Script: r.at.Name, Provider: a[0], AllowRememberBrowser: a[1] != ""}
	return "", nil
}

func (r *run) command(a []string) (string, error) {
	c := Command{Script: r.at.Name, Verb: a[0], Any: a[1] != ""}
	if err := json.Unmarshal([]byte(a[2]), &c.Factors); err != nil {
		return "", fmt.Errorf("%s: the factors are of another form", a[0])
	}
	r.spend(a[2], "{verb,any,script}")
	r.note(a[0])
	r.said.Commands = append(r.said.Commands, c)
	return "", nil
}

func (r *run) redirect(a []string) (string, error) {
	url, err := address(a[0], a[1])
	if err != nil {
		return "", err
	}
	r.spend(url)
	r.note("redirect")
	r.said.Redirect = &Redirect{Script: r.at.Name, URL: url}
	return "", nil
}

func (r *run) method(a []string) (string, error) {
	if !r.continued {
		return "", errors.New("recordMethod is for onContinuePostLogin")
	}
	r.spend(a[0])
	r.note("method")
	r.said.Methods = append(r.said.Methods, a[0])
	return "", nil
}

func (r *run) scope(a []string) (string, error) {
	if r.said.Scopes == nil {
		r.said.Scopes = &Scopes{}
	}
	r.spend(a[1])
	into := &r.said.Scopes.Add
	if a[0] == "remove" {
		into = &r.said.Scopes.Remove
	}
	if !slices.Contains(*into, a[1]) {
		*into = append(*into, a[1])
	}
	return "", nil
}

// claims adds to those of a token. Rules have the access token's scope among them.
func (r *run) claims(a []string) (string, error) {
	into := &r.said.IDToken
	if a[0] == "access_token" {
		into = &r.said.AccessToken
	}
	more, err := r.members(a[1])
	if err != nil {
		return "", fmt.Errorf("%s: %w", a[0], err)
	}
	if scope, there := more["scope"]; there && a[0] == "access_token" && r.at.Kind == Rule {
		delete(more, "scope")
		if err := r.rescope(scope); err != nil {
			return "", err
		}
	}
	add(into, more)
	return "", nil
}

// rescope says context.accessToken.scope as changes to what was asked for.
func (r *run) rescope(scope any) error {
	var want []string
	switch s := scope.(type) {
	case string:
		want = strings.Fields(s)
	case []any:
		for _, one := range s {
			want = append(want, fmt.Sprint(one))
		}
	default:
		return errors.New("context.accessToken.scope is no list of texts")
	}
	var context struct {
		Request struct {
			Query struct {
				Scope string `json:"scope"`
			} `json:"query"`
		} `json:"request"`
	}
	if err := json.Unmarshal(r.job.Context, &context); err != nil {
		return errors.New("context.request.query.scope is no text")
	}
	asked := strings.Fields(context.Request.Query.Scope)
	for _, one := range asked {
		if !slices.Contains(want, one) {
			_, _ = r.scope([]string{"remove", one}) // it has no error
		}
	}
	for _, one := range want {
		if !slices.Contains(asked, one) {
			_, _ = r.scope([]string{"add", one}) // as above
		}
	}
	return nil
}

func (r *run) metadata(a []string) (string, error) {
	more, err := r.members(a[1])
	if err != nil {
		return "", fmt.Errorf("%s: %w", a[0], err)
	}
	into := map[string]*map[string]any{"user_metadata": &r.said.UserMetadata, "app_metadata": &r.said.AppMetadata, "transaction": &r.said.Transaction}[a[0]]
	if into == nil {
		return "", fmt.Errorf("%q has no metadata", a[0])
	}
	r.note(a[0])
	add(into, more)
	if b, err := json.Marshal(r.said.Transaction); err != nil || len(b) > maxTransaction {
		return "", fmt.Errorf("transaction.setMetadata: all of it may have %d bytes", maxTransaction)
	}
	return "", nil
}

// members are those of an object that a script gave.
func (r *run) members(text string) (map[string]any, error) {
	r.spend(text)
	var more map[string]any
	if json.Unmarshal([]byte(text), &more) != nil || more == nil {
		return nil, errors.New("it is no object")
	}
	return more, nil
}

func add(into *map[string]any, more map[string]any) {
	if *into == nil {
		*into = map[string]any{}
	}
	maps.Copy(*into, more)
}
