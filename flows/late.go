package flows

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// lateAfter is how long a person waits in good faith. A page that watches says so within
// five seconds, whatever the vendor does: answer slowly, refuse, or hang up.
const lateAfter = 3500 * time.Millisecond

// trouble is what the page has to say of the message that the open question waits for: it
// will not come, or it takes longer than it should. "" for nothing.
func (e *Engine) trouble(r *http.Request, l *login) (notice string, err error) {
	c := l.state.Challenge
	if c == nil || l.state.Message == "" {
		return "", nil
	}
	state, err := e.db.MessageState(r.Context(), l.state.Message)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	late := state != storage.MessageSent && e.now().Sub(l.state.SentAt) >= lateAfter
	switch {
	case err != nil || state != storage.MessageFailed && !late:
		return "", err
	case c.Prompt.Kind == factors.PromptWait:
		return noticeUnreached, nil
	case state == storage.MessageFailed:
		return noticeUnsent, nil
	}
	return noticeLate, nil
}

// watch is where a page asks for news, and what it says already.
func (e *Engine) watch(l *login) string {
	q := url.Values{"v": {strconv.FormatInt(l.row.Version, 10)}}
	if l.trouble != "" {
		q.Set("says", l.trouble)
	}
	return e.LoginPath(l.row.ID) + "/state?" + q.Encode()
}
