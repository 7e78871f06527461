// Package flows takes a person through a login: it asks, checks, limits, enrols,
// remembers and says when it is done. It owns the pages below /login, /reset and
// /password, the session cookie, and every rule about attempts. It does not know
// OAuth (package provider/oidc asks for logins and gets results), no factor's inner
// workings, and not when a factor is due: that is package policy. Scripts run in package
// rules, and package risk says how much a sign-in looks like the person's own; what they
// say becomes facts of a decision here.
//
// A login is a bag of proofs and never a stored step. What is kept is what was shown;
// policy.Decide says from that, on every request anew, what is needed next.
//
//	authorize ──Begin──▶ session enough? ──yes──▶ Result at once, no page
//	                          │ no
//	                          ▼
//	                 303 /login/{id} ◀───────────────┐
//	                          │                      │ 303
//	     GET renders what Decide says is needed      │
//	                          │                      │
//	                 POST act=answer|choose|… ───────┤ more is needed
//	                          │                      │
//	          done: session and login in one write   │
//	                          ▼                      │
//	                 303 Ask.Resume?login={id} ──Result (once)──▶ code
//
//	/reset           asks a name, mails a link; the link's page sets a new password
//	/password        a login of its own for fresh proofs, then sets a new password
//
// An Owner is a person who looks after their account, on pages or by programs of others
// that sent them through OwnAsk before: what they change, how it is told and written down,
// is done here once for all.
//
// Every POST is answered by a 303 to the one GET that renders; a GET sends no message
// and changes nothing. A challenge is made in the POST that made it necessary, so
// reload, back and prefetch are safe.
//
// One answer is one write: the authenticator with its burnt counter, the login with
// its proof, the session and the audit events are stored together under version
// checks, or not at all. Of two concurrent answers one counts and the other is told
// to try again.
//
// Once the first factor is shown, and before any other is asked for, rules and actions
// run (settle), where there are some; their words are kept with the login. Where an action
// demands a factor, those behind it wait until it was shown. A script that fails denies.
// What they note about the person, and what is learnt of devices and places, is stored
// when the login has succeeded and not before.
//
// Every login leaves a Record of why it went as it did; a Backtest decides records anew
// under a draft.
//
// A login belongs to the browser that holds its cookie. The cookie's value changes
// with every accepted proof, and so does the session's.
package flows
