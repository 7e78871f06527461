package rules

import (
	"encoding/json"
	"time"
)

// A Job is what the scripts of one login see.
type Job struct {
	Scripts []Script `json:"scripts"`
	// From is the first script to run. Where Continue is true it is an action that sent
	// the person elsewhere, and its onContinuePostLogin runs.
	From     int  `json:"from,omitempty"`
	Continue bool `json:"continue,omitempty"`

	User    json.RawMessage `json:"user"`    // user of rules
	Context json.RawMessage `json:"context"` // context of rules
	Event   json.RawMessage `json:"event"`   // event of actions, without secrets

	// CanRedirect is what api.redirect.canRedirect says. A Verdict may have a Redirect all
	// the same: the contract's answer to that is interaction_required.
	CanRedirect bool              `json:"can_redirect,omitempty"`
	Issuer      string            `json:"issuer,omitempty"` // of tokens for sites that people are sent to
	Cache       map[string]string `json:"cache,omitempty"`  // api.cache, values as JSON
	Now         time.Time         `json:"now"`
	Timeout     time.Duration     `json:"timeout"` // of all scripts together

	// Compile is true where the scripts are to be compiled alone, as by Check: a text that is
	// made to cost much costs a worker.
	Compile bool `json:"compile,omitempty"`
	Offline bool `json:"offline,omitempty"` // fetch reaches nothing
	// Apart is true where no sign-in waits for it: it has the one worker that such jobs
	// share, for at most a second.
	Apart bool `json:"-"`
}

// A Verdict is what the scripts said.
type Verdict struct {
	Denial      *Denial      `json:"denial,omitempty"`
	Multifactor *Multifactor `json:"multifactor,omitempty"` // the last word on it
	Commands    []Command    `json:"commands,omitempty"`    // in order
	Redirect    *Redirect    `json:"redirect,omitempty"`

	IDToken     map[string]any `json:"id_token,omitempty"`     // claims
	AccessToken map[string]any `json:"access_token,omitempty"` // likewise
	Scopes      *Scopes        `json:"scopes,omitempty"`

	UserMetadata map[string]any    `json:"user_metadata,omitempty"` // members to set, null: to remove
	AppMetadata  map[string]any    `json:"app_metadata,omitempty"`
	Transaction  map[string]any    `json:"transaction,omitempty"` // metadata
	Methods      []string          `json:"methods,omitempty"`     // recordMethod
	Cache        map[string]Cached `json:"cache,omitempty"`

	Steps []Step `json:"steps"`
	// Next is the script to go on with, by From; len(Scripts): none. After a rule's redirect
	// it is 0, as all rules run again, with context.protocol redirect-callback; after an
	// action's it is that action, with Continue.
	Next int `json:"next"`
}

// A Denial ends a login. Reason is for the application and the log, not for the page.
type Denial struct {
	Script string `json:"script"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
	// Fault is true where the script failed rather than refused. It is for callers, who
	// deny for a *Fault; scripts only refuse.
	Fault bool `json:"fault,omitempty"`
}

// A Multifactor is context.multifactor, or api.multifactor.enable.
type Multifactor struct {
	Script   string `json:"script"`
	Provider string `json:"provider"` // any, none, duo, guardian, google-authenticator
	// AllowRememberBrowser is true by default in rules, false in actions.
	AllowRememberBrowser bool `json:"allowRememberBrowser"`
}

// A Command is challengeWith and the like.
type Command struct {
	Script  string   `json:"script"`
	Verb    string   `json:"verb"` // challenge or enroll
	Any     bool     `json:"any,omitempty"`
	Factors []Factor `json:"factors"` // the first one first
}

// A Factor is one that a command names, in Auth0's spelling.
type Factor struct {
	Type    string         `json:"type"`
	Options map[string]any `json:"options,omitempty"`
}

// A Redirect sends the person elsewhere, to come back to /continue. The caller adds state
// to URL; validateToken wants a claim of the same name and value, and finds it in the
// event's request.query or request.body, else in transaction.state.
type Redirect struct {
	Script string `json:"script"`
	URL    string `json:"url"`
}

// Scopes are changes to those of the access token.
type Scopes struct {
	Add    []string `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

// A Cached is an entry of api.cache; an empty Value removes it.
type Cached struct {
	Value string `json:"value"`
	TTL   int64  `json:"ttl"` // milliseconds
}

// A Step is what one script did, for the execution log.
type Step struct {
	Script  string        `json:"script"`
	Took    time.Duration `json:"took"`
	Console []string      `json:"console,omitempty"`
	Said    []string      `json:"said,omitempty"` // what it decided, in one word each
}
