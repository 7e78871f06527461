// Package themes owns what people see: the pages of a sign-in, the mails, their
// words, style and scripts. It knows bytes and structs. It may not know a login, a
// factor, a database or a policy: flows and provider hand it a View, which is data
// and never HTML, and it writes the page.
//
// # A page
//
//	View (views.go) → page (page.go) → pages/<stem>.html → parts/*.html
//
// A page is a struct in views.go, a template in pages/ with the same stem, its words
// in locales/<lang>.json under "<stem>.…", and its states in preview.go. Nothing else.
// The template sees the page's Frame, its View and the methods of type page; there
// are no other functions, and none that makes HTML out of a string.
//
// # Forms
//
// Every form posts to Frame.Action with a field "act" that says what the person
// wants: answer (the primary button, id "continue"), choose and enroll (with a field
// "factor" from the picker's buttons), other, cancel, switch, resend, skip, allow,
// deny, reset, done. A post that has a factor but no act means choose. Ids and names
// of fields are stable, because tests and password managers know them: username,
// password, code, password_current, password_new, password_again, saved; buttons
// continue, consent-allow, consent-deny, logout-yes, logout-no, cancel, other. All
// of it works without JavaScript; login.js only adds comfort.
//
// # An operator's folder
//
// Options.Dir holds files that replace ours by the same path: pages/code.html,
// mail/reset.txt, assets/brand.css. Locales are merged key by key, so a file with one
// line changes one sentence, and a file for a new language adds the language. Files
// are read once. New renders every page in every language before it returns, so a
// broken file stops the start and is named.
//
// Rebranding needs one number: Brand.Hue. All colours have fixed lightness, so any
// hue keeps the contrast of WCAG 2.2 AA; assets/brand.css comes last in the cascade
// and may change any token, and is refused with the measured ratio where it makes a
// text unreadable.
//
// # While it runs
//
// SetTexts puts sentences in place of ours, each for one screen in one language; SetLook
// sets colours, a logo, a name and the languages; SetMailTemplates replaces subject and HTML
// of mails. All are an administrator's, and win over the folder. None can make a page that
// says nothing, runs anything, or cannot be read, nor a mail without what it is sent for.
package themes
