package flows

import (
	"errors"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// Message ids of what a page says above its form.
const (
	noticeChanged  = "login.changed"
	noticeLimited  = "login.limited"
	noticeExpired  = "code.expired"
	noticeSpent    = "code.spent"
	noticeForm     = "code.form"
	noticeWrong    = "code.wrong"
	noticeSent     = "code.sent"
	noticeUnsent   = "code.unsent"
	noticeLate     = "code.late"
	noticeHeld     = "code.held"
	noticeName     = "identify.wrong"
	noticeOther    = "identify.other"
	noticePassword = "password.wrong"
	noticeMismatch = "password.mismatch"
	noticeSame     = "password.same"
	noticeLink     = "reset.invalid"

	noticeUnavailable = "factor.unavailable"
	noticeAnother     = "public_key.another"

	noticePending    = "wait.pending"
	noticeSuperseded = "wait.superseded"
	noticeWaitHeld   = "wait.held"
	noticeUnreached  = "wait.unreached"
)

// Kinds of notice mails.
const (
	mailPassword = "password_changed"
	mailAdded    = "authenticator_added"
	mailRecovery = "recovery_code_used"
	mailLocked   = "locked"
	mailUnknown  = "reset_of_unknown"
	mailRemoved  = "authenticator_removed"
	mailDevice   = "new_device"

	mailRenamed      = "authenticator_renamed"
	mailCodes        = "recovery_codes_new"
	mailSignedOut    = "session_ended"
	mailSignedOutAll = "sessions_ended"
	mailForgotten    = "browser_forgotten"
	mailRevoked      = "consent_revoked"

	mailReported   = "sign_in_reported"
	mailUnapproved = "sign_in_unapproved"
)

// wrong is the notice about a refused answer; the page of the factor chooses the words.
func wrong(id string, c *factors.Challenge) *themes.Notice {
	if page := map[factors.PromptKind]string{factors.PromptPublicKey: "public_key", factors.PromptRedirect: "vendor", factors.PromptWait: "wait"}[c.Prompt.Kind]; page != "" {
		return &themes.Notice{Kind: "error", ID: page + strings.TrimPrefix(id, "code")}
	}
	return &themes.Notice{Kind: "error", ID: id, Field: "code"}
}

// event is a line of the audit log about v. It never holds what was typed.
func (e *Engine) event(v *visit, kind string, data map[string]any) *storage.Event {
	l := v.login
	ev := &storage.Event{ID: storage.NewID("evt"), At: e.now(), Type: kind, Address: e.addressOf(v.r), Data: data}
	if ev.Data == nil {
		ev.Data = map[string]any{}
	}
	if agent := v.r.UserAgent(); agent != "" {
		ev.Data["user_agent"] = clip(agent, maxAgent)
	}
	if l.user != nil {
		ev.UserID, ev.Actor = l.user.ID, "user:"+l.user.ID
	}
	if l.client != nil {
		ev.ClientID = l.client.ID
	}
	if l.row != nil && l.row.ID != "" {
		ev.Data["login_id"] = l.row.ID
	}
	return ev
}

// opened are the lines about the question that was just opened, if it is open still.
func (e *Engine) opened(v *visit) []*storage.Event {
	c, kind := v.login.state.Challenge, v.login.began
	v.login.began = ""
	if c == nil || kind == "" {
		return nil
	}
	data := map[string]any{"factor": c.Factor}
	if c.AuthenticatorID != "" {
		data["authenticator_id"] = c.AuthenticatorID
	}
	return []*storage.Event{e.event(v, kind, data)}
}

// A notice is a change to an account that its person has to hear of (T-35).
type notice struct {
	Kind   string
	Factor string // what was added or removed
	Left   int    // recovery codes
}

// notify mails u what happened, if there is an address, once the login is stored.
func (e *Engine) notify(v *visit, u *storage.User, n notice) {
	lang := e.language(v.r, nil, u)
	e.post(v.login, lang, u.Email, themes.NoticeMail{
		Frame: themes.Frame{Lang: lang, Account: u.Username},
		Kind:  n.Kind, Name: u.Name, To: addressee(u), At: e.now(), Address: e.addressOf(v.r), Factor: n.Factor, Left: n.Left,
	})
}

// noteRecovery tells of a used recovery code and how many are left.
func (e *Engine) noteRecovery(v *visit, c *storage.Change, a *factors.Authenticator) {
	left, _ := strconv.Atoi(a.Label)
	c.Events = append(c.Events, e.event(v, "recovery_code.used", map[string]any{"authenticator_id": a.ID, "left": left}))
	e.notify(v, v.login.user, notice{Kind: mailRecovery, Left: left})
}

// post renders m, to go out once l is stored.
func (e *Engine) post(l *login, lang, to string, m themes.Mail) {
	if to == "" || !e.mails() {
		return
	}
	row, err := e.letter(storage.NewID("msg"), parcel{UserID: l.userID()}, lang, to, e.now().Add(letterLife), m)
	if err != nil {
		e.log.Error("mail not rendered", "error", err)
		return
	}
	l.out = append(l.out, row)
}

func (e *Engine) letter(id string, p parcel, lang, to string, expires time.Time, m themes.Mail) (*storage.Message, error) {
	subject, text, html, err := e.themes.Mail(lang, m)
	if err != nil {
		return nil, err
	}
	p.Letter = &letter{to, subject, text, html}
	return e.outbox.row(id, channelMail, p, expires)
}

// addressee is u as mails may name them.
func addressee(u *storage.User) themes.Person {
	return themes.Person{
		Email: u.Email, Username: u.Username, Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Nickname: u.Nickname,
		Picture: u.Picture, EmailVerified: u.EmailVerified, Metadata: u.UserMetadata,
	}
}

func (l *login) userID() string {
	if l.user == nil {
		return ""
	}
	return l.user.ID
}

// language is the person's own, else what the application asked for or the browser
// prefers.
func (e *Engine) language(r *http.Request, asked []string, u *storage.User) string {
	own := ""
	if u != nil {
		own = u.Locale
	}
	return e.themes.Match(asked, own, r.Header.Get("Accept-Language"))
}

// mailAddress reports whether typed is one mail address and nothing else.
func mailAddress(typed string) bool {
	a, err := mail.ParseAddress(typed)
	return err == nil && a.Address == typed
}

// causeOf names the outcome of a machine's fault for the page.
func causeOf(err error) (status int, description string) {
	switch {
	case errors.Is(err, storage.ErrUnavailable):
		return http.StatusServiceUnavailable, "the database is not available"
	case errors.Is(err, factors.ErrBusy):
		return http.StatusServiceUnavailable, "too much to do at once"
	}
	return http.StatusInternalServerError, "an internal error"
}
