package themes

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestMailTemplateFaults: what cannot be a mail is refused with the line and the reason.
func TestMailTemplateFaults(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ mail, subject, body, want string }{
		{"code", "", "{{ code }}", ""},
		{"code", "{{ code }} for {{ application.name }}", "{{ code }}", ""},
		{"notice.locked", "Locked", "Sorry", ""},
		{"verify", "", `<a href="{{ url }}">here</a>`, ""},
		{"invite", "", `{{ user.given_name | default: "you" | upcase }} {{- link -}} {{ "now" | date: "%Y" }}`, ""},
		{"invite", "", "{% capture x %}<p>{{ link }}{% endcapture %}{{ x }}", ""},
		{"join", "", "{{ inviter.name }} of {{ organization.display_name }}: {{ url }}", ""},
		{"join", "", "{{ inviter.name }}", "write {{ url }}"},
		{"code", "", "no code", "body: what the mail is sent for is not in it; write {{ code }}"},
		{"code", "{{ code }}", "{% if user.name %}{{ code }}{% endif %}", "write {{ code }}"},
		{"verify", "", "{{ url | url_encode }}", "write {{ url }}"},
		{"code", "", "{{ code }}{{ url }}", "does not have"},
		{"notice.locked", "", "{{ link }}", "does not have"},
		{"notice.password_changes", "", "", "there is no mail"},
		{"code", "{{ code", "{{ code }}", ""}, // text
		{"code", "{% if %}", "{{ code }}", "subject: (line 1): "},
		{"code", "", "{{ code }}\n\n{% if user.name %}", "line 3"},
		{"code", "", "{{ code }}\n{{\n user.name }}\n{% endif %}", "line 4"},
		{"code", "", "{{ code }}\n{{ code | upcase: \"a\" \"b\" }}", "(line 2): syntax error in \"code | upcase"},
		{"code", "", "{{ code }}\n{{ code | inspect }}", "line 2: there is no filter \"inspect\"; there are append"},
		{"code", "", "{{ code }}{% for i in (1..9) %}{% endfor %}", "line 1: for: there are no loops here"},
		{"code", "", "{{ code }}{% include '/etc/passwd' %}", "include no files"},
		{"code", "", "{{ code }}{% render 'x' %}", "undefined tag \"render\""},
		{"code", "", "{{ code }}{% capture x %}", "unterminated \"capture\" block"},
		{"code", "", "{{ code }}{% _kept x %}{% end_kept %}", "there is no tag"},
		{"code", "", "{{ code }}{{ user.name; \x00 }}", "characters"},
		{"code", "", "{{ code }}{{ user.name; }}", "syntax error"},
		{"code", "", "{{ code }}{{ 99999999999999999999999 }}", "out of range"},
		{"code", "", "{{ code }}{{ user.name | date: \"%Y\" }}", "body: "},
		{"code", "", "{{ code }}" + strings.Repeat(" ", maxTemplate), "at most 64 are allowed"},
		{"code", "", "{{ code }}{% assign x = 'aaaaaaaa' %}" + strings.Repeat("{% assign x = x | append: x %}", 40), "a value gets too long"},
		{"code", "", "{{ code }}{% assign x = 'aaaaaaaa' %}" + strings.Repeat("{% assign x = x | replace: 'a', 'aaaaaaaaaa' %}", 40), "a value gets too long"},
		{"code", "", "{% capture x %}{{ code }}{% endcapture %}" + strings.Repeat("{% capture x %}{{ x }}{{ x }}{% endcapture %}", 40), "a value gets too long"},
		{"code", "", "{{ code }}{% assign x = 'aaaaaaaa' %}" + strings.Repeat("{% assign x = x | append: x %}", 10) + strings.Repeat("{{x}}", 900), "more than 256 KiB"},
		{"code", "", "{{ code" + strings.Repeat("|upcase", 2000) + "}}", "more than 2000 tags and filters"},
	} {
		began := time.Now()
		_, err := r.MailTemplate(c.mail, c.subject, c.body)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Contains(got, lastInHTML) {
			t.Errorf("%s %.99q %.99q: got %.300q, want %q", c.mail, c.subject, c.body, got, c.want)
		}
		var fault *TemplateFault
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("%.99q: %T", c.body, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%.99q took %v", c.body, took)
		}
	}
}

// TestMailTemplateValues: what people call themselves is text, whatever is done to it.
func TestMailTemplateValues(t *testing.T) {
	var log bytes.Buffer
	r, err := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetLook(Look{Name: "Acme & Co", SupportEmail: "help@acme.example"}); err != nil {
		t.Fatal(err)
	}
	bad := Person{Email: "a@b.example", EmailVerified: true, Name: "<b>{{ code }}</b>%3Ci%3E\r\nBcc: x@y.example", Metadata: json.RawMessage(`{"lang":"de","n":{"x":"<u>"}}`)}
	for _, c := range []struct{ body, want string }{
		{"{{ user.name }}", "&lt;b&gt;{{ code }}&lt;/b&gt;%3Ci%3E\r\nBcc: x@y.example"},
		{"{{ user.name | url_encode | replace: '+', ' ' }}", "%3Cb%3E%7B%7B code %7D%7D%3C%2Fb%3E%253Ci%253E%0D%0ABcc%3A x%40y.example"},
		{"{{ user.name | escape | upcase | remove: 'A' }}", "&amp;LT;B&amp;GT;{{ CODE }}&amp;LT;/B&amp;GT;%3CI%3E\r\nBCC: X@Y.EXMPLE"},
		{"{{ user.name | escape | truncate: 5, '' }}", "&amp;lt;b"},
		{"{{ user.name | split: '{' | first | escape }}", "&lt;b&gt;"},
		{"{{ user.name | newline_to_br | split: '3E' | last }}", "\r&lt;br /&gt;\nBcc: x@y.example"},
		{"{% assign x = user.name | slice: 3 %}", "!"},
		{"{% capture x %}<p>{{ user.name | truncate: 3, '' }}</p>{% endcapture %}{{ x }}{% assign y = x %}{{ y }}", "<p>&lt;b&gt;</p><p>&lt;b&gt;</p>"},
		{"{% raw %}{{ user.name }}{% endraw %}{% comment %}{{ nothing | nothing }}{% endcomment %}", "{{ user.name }}"},
		{"{{ user.user_metadata.n }}{% if user.user_metadata.lang == 'de' %}Hallo{% else %}Hello{% endif %}", "map[x:&lt;u&gt;]Hallo"},
		{"{{ tenant }} {{ tenant.friendly_name }} {{ friendly_name }} {{ support_email }}{{ support_url }} {{ request_language }}", "Acme &amp; Co Acme &amp; Co Acme &amp; Co help@acme.example de"},
		{"{{ user.nickname | default: 'you' }}{% if user.nickname %}!{% endif %} {{ user.email | size }} {{ application.name }} {{ nobody.at.home }}", "you 11 shop "},
	} {
		tpl, err := r.MailTemplate("code", "", "{{ code }}|"+c.body)
		if c.want == "!" {
			if err == nil {
				t.Errorf("%s is taken", c.body)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		r.SetMailTemplates(map[string]*MailTemplate{"code": tpl})
		_, text, html, err := r.Mail("de", CodeMail{Code: "123456", App: "shop", To: bad, ExpiresIn: time.Minute})
		if got := strings.TrimPrefix(html, "123456|"); err != nil || got != c.want || !strings.Contains(text, "123456") {
			t.Errorf("%s: got %q, want %q, %v", c.body, got, c.want, err)
		}
	}

	tpl, err := r.MailTemplate("code", "Hi {{ user.name }}", "{% if user.email == 'gone@b.example' %}{% else %}{{ code }}{% endif %}")
	if err != nil {
		t.Fatal(err)
	}
	r.SetMailTemplates(map[string]*MailTemplate{"code": tpl})
	subject, _, _, err := r.Mail("en", CodeMail{Code: "123456", To: bad})
	if err != nil || subject != "Hi <b>{{ code }}</b>%3Ci%3E Bcc: x@y.example" {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	bad.EmailVerified = false
	if subject, _, _, err := r.Mail("en", CodeMail{Code: "123456", To: bad}); err != nil || subject != "Hi" {
		t.Errorf("a stranger's advertisement is told: %q, %v", subject, err)
	}
	bad.Email = "gone@b.example"
	_, _, html, err := r.Mail("en", CodeMail{Code: "123456", To: bad})
	if err != nil || !strings.Contains(html, "123456") || !strings.Contains(html, "<!doctype html>") || !strings.Contains(log.String(), "ours goes out") {
		t.Errorf("a mail without its code goes out: %q, %v; the log: %s", html, err, log.String())
	}
}
