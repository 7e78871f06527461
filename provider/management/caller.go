package management

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// actor is the caller's name in the audit log.
func actor(c *flows.Caller) string {
	if c.UserID != "" {
		return "user:" + c.UserID
	}
	return "client:" + c.ClientID
}

type callerKey struct{}

// callerOf is who called the operation that ctx belongs to.
func callerOf(ctx context.Context) *flows.Caller {
	c, _ := ctx.Value(callerKey{}).(*flows.Caller)
	return c
}

// A client may make this many calls at once, and 50 a second after.
const (
	callBurst  = 100
	callPeriod = 20 * time.Millisecond
)

// admit lets nobody through without a token that has one of the operation's scopes. What
// comes before the handler looks at anything, so a stranger learns nothing from it.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	caller, err := a.Bearer(r, a.Audience())
	switch {
	case errors.Is(err, flows.ErrNoCaller):
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="management", error="invalid_token"`)
		a.answer(ctx, refusal(http.StatusUnauthorized, "", "Invalid token"))
		return
	case err != nil:
		a.answer(ctx, a.refuse(ctx.Context(), err))
		return
	}
	if !a.spare(ctx, caller) {
		return
	}
	if where := unreadable(r.URL); where != "" {
		a.answer(ctx, refusal(http.StatusBadRequest, where, "The address has characters that no text may have; leave them out"))
		return
	}
	scopes, _ := ctx.Operation().Metadata["scopes"].([]string)
	if !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(caller.Scopes, s) }) {
		a.answer(ctx, refusal(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected any of: "+strings.Join(scopes, ",")))
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// unreadable is the code of the part of an address that no column could hold, "" where all
// is well: NUL, and what is no UTF-8.
func unreadable(u *url.URL) string {
	query, err := url.QueryUnescape(u.RawQuery)
	switch {
	case strings.ContainsRune(u.Path, 0) || !utf8.ValidString(u.Path):
		return "invalid_uri"
	case err != nil || strings.ContainsRune(query, 0) || !utf8.ValidString(query):
		return "invalid_query_string"
	}
	return ""
}

// spare charges the call to the client and says on every answer what is left.
func (a *API) spare(ctx huma.Context, caller *flows.Caller) bool {
	now := a.Now()
	left, wait, err := a.DB.Take(ctx.Context(), now, storage.Limit{Key: "management:" + caller.ClientID, Burst: callBurst, Period: callPeriod})
	if err != nil {
		a.answer(ctx, a.refuse(ctx.Context(), err))
		return false
	}
	full := now.Add(time.Duration(callBurst-left) * callPeriod)
	ctx.SetHeader("X-RateLimit-Limit", strconv.Itoa(callBurst))
	ctx.SetHeader("X-RateLimit-Remaining", strconv.Itoa(left))
	ctx.SetHeader("X-RateLimit-Reset", strconv.FormatInt(full.Unix()+1, 10))
	if wait == 0 {
		return true
	}
	_, w := humago.Unwrap(ctx)
	flows.RetryAfter(w.Header(), wait)
	a.answer(ctx, refusal(http.StatusTooManyRequests, "too_many_requests", "Global limit has been reached"))
	return false
}
