package flows

import (
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// misshapen reports whether what was typed cannot be the code that c asks for, and says
// so. It is no guess, so it is not charged and not counted.
func (e *Engine) misshapen(v *visit, c *factors.Challenge) (bool, error) {
	digits := c.Prompt.Digits
	if c.Prompt.Kind != factors.PromptCode || digits == 0 {
		return false, nil
	}
	typed := factors.Typed(v.field("code"))
	if len(typed) == digits && strings.Trim(typed, "0123456789") == "" {
		return false, nil
	}
	v.outcome = factors.ErrWrong
	v.login.state.Notice = &themes.Notice{Kind: "error", ID: noticeForm, Data: map[string]any{"Digits": digits}, Field: "code"}
	return true, e.store(v, &storage.Change{Login: v.login.row})
}
