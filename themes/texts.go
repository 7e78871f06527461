package themes

import (
	"fmt"
	"slices"
	"strings"
)

// Texts stand in place of our words while the provider runs: by language, by screen, by
// message id. A screen is a page, with its variant where it has one: "code.otp",
// "picker.enroll". The id is the message's without the variant: "code.lead", "frame.other".
// So the same message can be said differently on two screens, and a text in one language
// leaves the others as they are.
//
// A text is never HTML. It may name what the message could have named, {{.Destination}},
// and App, Brand and Account.
type Texts map[string]map[string]map[string]string

// SetTexts says t from now on. t must not be modified after.
func (r *Renderer) SetTexts(t Texts) { r.texts.Store(&t) }

// custom is what an administrator has put in place of message id on the page, and whether
// there is such a text and data fills it.
func (p *page) custom(id string, data map[string]any) ([]Segment, bool) {
	text, ok := p.text(id)
	if !ok {
		return nil, false
	}
	return p.r.words.filled(p.Lang, data, p.r.now(), func(values map[string]any) (string, bool) { return fill(noMarks.Replace(text), values) })
}

func (p *page) text(id string) (string, bool) {
	texts := p.r.texts.Load()
	if texts == nil {
		return "", false
	}
	text, ok := (*texts)[p.Lang][p.screen()][id]
	return text, ok
}

// screen is the page with its variant.
func (p *page) screen() string {
	if v := p.variant(); v != "" {
		return p.stem + "." + v
	}
	return p.stem
}

// Heading is the title of the browser's window.
func (p *page) Heading() (string, error) {
	if segs, ok := p.custom(p.stem+".heading", p.values()); ok {
		return text(segs), nil
	}
	title, err := p.Say("title")
	return title + " – " + p.App(), err
}

// fill puts values into a text, and reports whether it had all that the text names.
func fill(text string, values map[string]any) (string, bool) {
	whole := true
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		value, ok := values[placeholder.FindStringSubmatch(found)[1]]
		whole = whole && ok
		return fmt.Sprint(value)
	})
	return filled, whole
}

// Names are what a text in place of message id on a screen may name.
func (r *Renderer) Names(screen, id string) []string {
	stem, variant, _ := strings.Cut(screen, ".")
	ids := []string{id}
	if variant != "" {
		ids = append(ids, id+"."+variant)
		if own, ok := strings.CutPrefix(id, stem+"."); ok {
			ids = append(ids, stem+"."+variant+"."+own)
		}
	}
	names := []string{"App", "Brand", "Account"}
	for _, id := range ids {
		if m := r.words.said[fallback][id]; m != nil {
			names = append(names, placeholders(m)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
