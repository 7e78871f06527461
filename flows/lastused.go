package flows

import (
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// A browser keeps for each of its people which factor they showed last in it, so that the
// next sign-in opens with that one. The cookie is a keyed hash: it tells nobody which
// factor that is, and only the value that this site made names one. It proves nothing and
// only orders what is on offer anyway.

const usedFor = 365 * 24 * time.Hour

func (e *Engine) usedName(userID string) string {
	return "used_" + e.hashed("used " + userID)[:12]
}

func (e *Engine) usedValue(mark, userID, factor string) string {
	return hex.EncodeToString(e.db.Hash(hashUsed, mark+" "+userID+" "+factor))[:32]
}

// lastUsed is the factor that a person showed last in r's browser, "" for none.
func (e *Engine) lastUsed(r *http.Request, userID string) string {
	mark, _ := e.device(r)
	value := e.cookie(r, e.usedName(userID))
	if mark == "" || value == "" {
		return ""
	}
	for _, factor := range e.factors.Names() {
		if subtle.ConstantTimeCompare([]byte(value), []byte(e.usedValue(mark, userID, factor))) == 1 {
			return factor
		}
	}
	return ""
}

// noteUsed keeps the second factor of this login for the next one.
func (e *Engine) noteUsed(v *visit) {
	userID, last := v.login.user.ID, factors.Proof{}
	for _, p := range v.login.state.Proofs {
		if e.factors.Info(p.Factor).Second && p.Traits&factors.Weak == 0 && p.At.After(last.At) {
			last = p
		}
	}
	if last.Factor != "" {
		e.setCookie(v.w, e.usedName(userID), e.usedValue(e.ownMark(v), userID, last.Factor), usedFor)
	}
}
