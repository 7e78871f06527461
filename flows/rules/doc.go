// Package rules runs an administrator's JavaScript: rules and actions by Auth0's
// contracts. A job goes in as JSON, a verdict comes out as JSON; what a verdict means is
// package flows' business.
//
//	rule     function (user, context, callback) { … callback(null, user, context) }
//	action   exports.onExecutePostLogin = async (event, api) => { … }
//
// The scripts run in worker processes of the same binary (Serve), because one line of
// JavaScript can ask for gigabytes inside a call that nothing interrupts: the system's
// limit on the worker's memory is the only one that holds. A Runner keeps a few workers
// and a spare. In a worker each job has a runtime of its own, so that nothing that one
// login did to its globals is there in the next; compiled programs are kept by the hash
// of their source.
//
// Scripts reach no file, no process, no other login, and the network only by fetch, in
// actions, through the parent, which decides. No Go value is reachable from them: the
// natives take and return text, numbers and booleans.
//
// Whatever goes wrong is a *Fault that names the script and the line; the caller denies.
// The package may not know logins, tables or HTTP.
package rules
