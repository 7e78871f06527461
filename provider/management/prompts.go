package management

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// prompts are the pages and what they say.
func (a *API) prompts() {
	read, update := []string{"read:prompts"}, []string{"update:prompts"}
	const texts = "/prompts/{prompt}/custom-text/{language}"
	op(a, operation{method: http.MethodGet, path: "/prompts", scopes: read, summary: "How people are asked who they are"}, a.readPrompts)
	op(a, operation{method: http.MethodPatch, path: "/prompts", scopes: update, summary: "Confirm how people are asked who they are"}, a.patchPrompts)
	op(a, operation{method: http.MethodGet, path: texts, scopes: read, summary: "Texts of a prompt's screens in place of ours", missing: true}, a.readTexts)
	op(a, operation{method: http.MethodPut, path: texts, scopes: update, summary: "Replace the texts of a prompt's screens; {} has ours again", missing: true, conflict: true}, a.putTexts)
}

// promptSettings are what Auth0 can switch.
type promptSettings struct {
	Experience      string `json:"universal_login_experience" doc:"always new"`
	IdentifierFirst bool   `json:"identifier_first" doc:"always false: name and password are on one page"`
	Platform        bool   `json:"webauthn_platform_first_factor" doc:"whether a passkey of the device can stand for name and password: while the factor webauthn-platform is enabled"`
}

func (a *API) promptSettings(ctx context.Context) (promptSettings, error) {
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return promptSettings{}, err
	}
	_, discovers := a.Factors.Get(factors.Platform).(factors.Discoverer)
	return promptSettings{Experience: "new", Platform: discovers && slices.Contains(s.Factors, factors.Platform)}, nil
}

func (a *API) readPrompts(ctx context.Context, _ *struct{}) (*body[promptSettings], error) {
	s, err := a.promptSettings(ctx)
	return say(s), err
}

// A PromptChange is what a tool wants to hold.
type PromptChange struct {
	Experience      *string `json:"universal_login_experience,omitempty" enum:"new,classic"`
	IdentifierFirst *bool   `json:"identifier_first,omitempty"`
	Platform        *bool   `json:"webauthn_platform_first_factor,omitempty"`
}

func (a *API) patchPrompts(ctx context.Context, in *body[PromptChange]) (*body[promptSettings], error) {
	s, err := a.promptSettings(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Body.Experience != nil && *in.Body.Experience != s.Experience:
		return nil, impossible("universal_login_experience: there is only the new one")
	case in.Body.IdentifierFirst != nil && *in.Body.IdentifierFirst != s.IdentifierFirst:
		return nil, impossible("identifier_first: name and password are on one page")
	case in.Body.Platform != nil && *in.Body.Platform != s.Platform:
		return nil, impossible("webauthn_platform_first_factor: it is so while the factor is enabled; see PUT /guardian/factors/webauthn-platform")
	}
	return say(s), nil
}

// A PromptPath names a prompt of Auth0's in a language.
type PromptPath struct {
	Prompt   string `path:"prompt" maxLength:"100" example:"mfa-otp"`
	Language string `path:"language" maxLength:"35" example:"de"`
}

func (p PromptPath) name() string { return p.Prompt + "/" + p.Language }

var errNoPrompt = missing("prompt", "There is no screen of that prompt here.")

func (a *API) readTexts(ctx context.Context, in *PromptPath) (*body[screenTexts], error) {
	if !isPrompt(in.Prompt) {
		return nil, errNoPrompt
	}
	if !slices.Contains(a.Looks.pages.Languages(), in.Language) {
		return nil, missing("language", "Pages do not speak that language.")
	}
	texts := screenTexts{}
	_, err := readDocument(ctx, a.DB, promptKind, in.name(), &texts)
	return say(texts), err
}

func (a *API) putTexts(ctx context.Context, in *struct {
	PromptPath
	Body screenTexts `doc:"texts by screen and key; ${clientName} and its like are filled in"`
},
) (*body[screenTexts], error) {
	if !isPrompt(in.Prompt) {
		return nil, errNoPrompt
	}
	if known := a.Looks.pages.Languages(); !slices.Contains(known, in.Language) {
		return nil, invalid("language", "pages speak "+strings.Join(known, ", ")+"; put locales/"+in.Language+".json into theme.dir to add one")
	}
	if err := checkTexts(a.Looks.pages, in.Prompt, in.Body); err != nil {
		return nil, err
	}
	event := storage.Event{Type: "prompt.changed", Data: map[string]any{"prompt": in.Prompt, "language": in.Language}}
	err := a.change(ctx, event, func(ctx context.Context) error { return a.storeTexts(ctx, in.name(), in.Body) })
	if err != nil {
		return nil, err
	}
	a.Looks.changed(ctx)
	return say(in.Body), nil
}

func (a *API) storeTexts(ctx context.Context, name string, texts screenTexts) error {
	doc, err := readDocument(ctx, a.DB, promptKind, name, new(json.RawMessage))
	switch {
	case err != nil:
		return err
	case len(texts) > 0:
		return storeDocument(ctx, a.DB, doc, texts)
	case doc.ID == "":
		return nil
	}
	return a.DB.DeleteDocument(ctx, promptKind, name)
}
