package management

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/themes"
)

// pagesOf are our pages with the words of every factor.
func pagesOf(t *testing.T) *themes.Renderer {
	t.Helper()
	folders, err := filepath.Glob("../../factors/*/locales")
	if err != nil || len(folders) < 5 {
		t.Fatal(folders, err)
	}
	var words []fs.FS
	for _, folder := range folders {
		words = append(words, os.DirFS(folder))
	}
	pages, err := themes.New(themes.Options{Words: words})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// notices are messages above a form.
var notices = []string{
	"identify.wrong", "password.wrong", "password.mismatch", "passkey.wrong", "activate.wrong", "code.wrong", "code.form", "code.held",
	"code.unsent", "login.limited", "phone.invalid", "wait.pending", "wait.held", "wait.denied",
}

// screen is one of our screens with all that it can show.
func screen(name string, f themes.Frame) themes.View {
	const options, link = `{}`, "https://app.example/"
	remember, later := 30*24*time.Hour, time.Now().Add(time.Minute)
	page, factor, _ := strings.Cut(name, ".")
	switch page {
	case "consent":
		return themes.Consent{Frame: f}
	case "activate":
		return themes.Activate{Frame: f}
	case "activate_confirm":
		return themes.ActivateConfirm{Frame: f}
	case "activated":
		return themes.Activated{Frame: f, Denied: factor != ""}
	case "verify_email":
		return themes.VerifyEmail{Frame: f, Done: true, ReturnTo: link}
	case "identify":
		return themes.Identify{Frame: f, CanReset: true, Passkey: options}
	case "password":
		return themes.Password{Frame: f, CanReset: true, Passkey: options}
	case "logout":
		return themes.Logout{Frame: f}
	case "public_key":
		kind, enroll := strings.CutPrefix(factor, "enroll.")
		return themes.PublicKey{Frame: f, Factor: kind, Options: options, Enroll: enroll, Offer: true, Label: "key", Remember: remember}
	case "enrolled":
		return themes.Enrolled{Frame: f}
	case "picker":
		v := themes.Picker{Frame: f, Enroll: factor != ""}
		for _, name := range []string{"sms", "voice", "push", "otp", "email", "recovery-code", "duo", "webauthn-roaming", "webauthn-platform"} {
			v.Choices = append(v.Choices, themes.Choice{Factor: name})
		}
		return v
	case "code":
		return themes.Code{
			Frame: f, Factor: factor, Digits: 6, Destination: "there", CanResend: true, ResendAt: later, Enroll: true, Remember: remember,
			Instead: []themes.Choice{{Factor: "sms"}, {Factor: "voice"}},
		}
	case "enroll_code":
		return themes.EnrollCode{Frame: f, Factor: factor, URI: "otpauth://totp/a?secret=JBSWY3DP", Key: "JBSWY3DP", Digits: 6}
	case "enroll_to":
		return themes.EnrollTo{Frame: f, Factor: factor, Field: "phone_number"}
	case "enroll_device":
		v := themes.EnrollDevice{Frame: f, Factor: "push", URI: link}
		if factor != "" {
			v.App = themes.App{Name: "Guard", AppleLink: link, GoogleLink: link}
		}
		return v
	case "wait":
		v := themes.Wait{Frame: f, Factor: "push", Number: "42", Destination: "there", ResendAt: later, Remember: remember, Instead: []themes.Choice{{Factor: "otp"}}}
		if factor != "" {
			v.Number = ""
		}
		return v
	case "recovery_codes":
		return themes.RecoveryCodes{Frame: f, Codes: []string{"one", "two"}}
	case "reset_request":
		return themes.ResetRequest{Frame: f}
	case "reset_sent":
		return themes.ResetSent{Frame: f}
	case "set_password":
		return themes.SetPassword{Frame: f, Why: factor, MinLength: 8}
	case "password_changed":
		return themes.PasswordChanged{Frame: f, ReturnTo: link}
	}
	return nil
}

// rendered is a screen in a language, with a notice ("": none).
func rendered(t *testing.T, pages *themes.Renderer, name, lang, notice string) string {
	t.Helper()
	f := themes.Frame{Lang: lang, Account: "ada", Action: "/login", CanChooseOther: true, CanCancel: true, CanSkip: true, CanSwitch: true}
	if notice != "" {
		f.Notice = &themes.Notice{Kind: "error", ID: notice, Data: map[string]any{"Until": time.Now().Add(time.Hour)}}
	}
	v := screen(name, f)
	if v == nil {
		t.Fatalf("there is no screen %s", name)
	}
	w := httptest.NewRecorder()
	pages.Render(w, http.StatusOK, v)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d", name, w.Code)
	}
	return w.Body.String()
}

// TestPromptTexts looks for each text of the table on each of its screens: in German it is
// there, escaped, and in Spanish it is not.
func TestPromptTexts(t *testing.T) {
	pages := pagesOf(t)
	all := slices.Clone(promptTexts)
	slices.SortStableFunc(all, func(a, b promptText) int { return strings.Compare(a.prompt, b.prompt) })
	for _, row := range all {
		mark := fmt.Sprintf("<b>&%s/%s", row.screen, row.key)
		want := fmt.Sprintf("&lt;b&gt;&amp;%s/%s", row.screen, row.key)
		if row.named != "" {
			mark += " ${" + row.named + "}"
		}
		sent := screenTexts{row.screen: {row.key: mark}}
		if err := checkTexts(pages, row.prompt, sent); err != nil {
			t.Errorf("%s.%s: %v", row.screen, row.key, err)
		}
		pages.SetTexts(textsOf(map[string]screenTexts{row.prompt + "/de": sent}, pages.Languages()))
		notice := ""
		if slices.Contains(notices, row.id) {
			notice = row.id
		}
		for _, name := range row.screens {
			if !strings.Contains(rendered(t, pages, name, "de", notice), want) {
				t.Errorf("%s.%s is not on %s", row.screen, row.key, name)
			}
			if strings.Contains(rendered(t, pages, name, "es", notice), want) {
				t.Errorf("%s.%s is on the Spanish %s", row.screen, row.key, name)
			}
		}
	}
}

// TestPromptTexts_Safe: what keeps people from being deceived is said whatever else is.
func TestPromptTexts_Safe(t *testing.T) {
	pages := pagesOf(t)
	number := screenTexts{"mfa-push-challenge-push": {"description": "Just say yes."}}
	if err := checkTexts(pages, "mfa-push", number); err != nil {
		t.Fatal(err)
	}
	pages.SetTexts(textsOf(map[string]screenTexts{"mfa-push/en": number}, pages.Languages()))
	if page := rendered(t, pages, "wait", "en", ""); !strings.Contains(page, "type this number there") {
		t.Errorf("nobody is told to type the number:\n%s", page)
	}
	for words, texts := range map[string]screenTexts{
		"our screen has no such text": nil,
		"has to name ${clientName}":   {"consent": {"messageSingleTenant": "Go on?"}},
		"pageTitle: has to name":      {"consent": {"pageTitle": "Go on?"}},
		"characters that no text may": {"consent": {"title": "\u202enwo\u202c"}},
	} {
		prompt := "consent"
		if texts == nil {
			prompt, texts = "device-flow", screenTexts{"device-code-confirmation": {"confirmationText": "It is safe."}}
		}
		if err := checkTexts(pages, prompt, texts); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
}

// TestPromptVariables: a text keeps what Auth0 shows beside it, names what it may name, and
// is refused where it names something else.
func TestPromptVariables(t *testing.T) {
	pages := pagesOf(t)
	for text, want := range map[string]string{
		"Code an:":                     "Code an: there",
		"${phoneNumber}, ${userName}!": "there, ada!",
		"für ${clientName}":            "für Sallyport there",
	} {
		sent := screenTexts{"mfa-sms-challenge": {"description": text}}
		if err := checkTexts(pages, "mfa-sms", sent); err != nil {
			t.Fatal(err)
		}
		pages.SetTexts(textsOf(map[string]screenTexts{"mfa-sms/de": sent}, pages.Languages()))
		if page := rendered(t, pages, "code.sms", "de", ""); !strings.Contains(page, `<p class="lead">`+want+`</p>`) {
			t.Errorf("%q: no %q", text, want)
		}
	}
	for name, sent := range map[string]screenTexts{
		"mfa-otp-challenge.title":       {"mfa-otp-challenge": {"title": "${phoneNumber}"}},
		"mfa-otp-challenge.description": {"mfa-otp-challenge": {"description": "{{.App}}"}},
		"mfa-otp-challenge.buttonText":  {"mfa-otp-challenge": {"buttonText": " "}},
		"mfa-otp-challenge.placeholder": {"mfa-otp-challenge": {"placeholder": strings.Repeat("ü", maxPromptText+1)}},
		"mfa-otp-challenge.pageTitle":   {"mfa-otp-challenge": {"pageTitle": "\x00"}},
		"mfa-otp-challenge.logoAltText": {"mfa-otp-challenge": {"logoAltText": "Logo"}},
		"mfa-sms-challenge":             {"mfa-sms-challenge": {}},
	} {
		if err := checkTexts(pages, "mfa-otp", sent); err == nil || !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
