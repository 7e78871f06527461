// Package rules runs an administrator's JavaScript: rules and actions by Auth0's
// contracts. A job goes in as JSON, a verdict comes out as JSON; what a verdict means is
// package flows' business.
//
//	rule     function (user, context, callback) { … callback(null, user, context) }
//	action   exports.onExecutePostLogin = async (event, api) => { … }
//
// # Processes
//
// The scripts run in worker processes of the same binary (Serve), because one line of
// JavaScript can ask for gigabytes inside a call that nothing interrupts: the system's
// limit on the worker's memory is the only one that holds. A Runner keeps a few workers,
// replaces those that died or grew, and has one ready ahead. Compiled programs are kept by
// the hash of their source, so that a source travels to a worker once.
//
// # Who can harm whom
//
// No login meets what another one did: each has runtimes of its own. The rules of one
// login share theirs, as the contract has them share user, context and global; an earlier
// one can mislead a later one by these, as it can at Auth0. Each action has a fresh one.
// What a script says goes to Go as it is said, as text: no script can take back a denial,
// and the first one ends the login.
//
// Scripts reach no file, no process, no other login, and the network only by fetch, in
// actions, through the parent, which decides. No Go value is reachable from them: the
// natives take and return text, and Go looks at no value of a script's, for that could run
// the script where no limit is.
//
// Whatever goes wrong is a *Fault that names the script and the line; the caller denies.
//
// # What is not here
//
// require has crypto (createHash, createHmac, randomBytes, randomUUID, timingSafeEqual),
// ipaddr.js and range_check, each as far as rules use it; other modules, lodash among
// them, request, time zones, setPrimaryUser and api.session and api.refreshToken fail by
// an error that says so. The clock is UTC.
//
// The package may not know logins, tables or HTTP.
package rules
