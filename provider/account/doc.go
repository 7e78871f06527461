// Package account lets people look after their own account: by the pages below /account,
// and by programs that they allow it through /me/v1 (Auth0's My Account API).
//
//	GET  /account                what the account has
//	GET  /account/add            a choice of what can be set up;  POST begins it
//	POST /account/codes          begins to make new recovery codes
//	GET  /account/{act}/{id}     asks whether it is to be done;   POST does it
//
// It decides nothing and proves nobody: whoever wants to change something is sent through
// the sign-in of package flows (OwnAsk), which ends where they were going, and a flows.Owner
// makes the change, mails the notice and writes the log. There is no pending act to be
// stolen: it stands in the address, does nothing by itself, and the POST that does it asks
// again whether the person has proven themselves of late.
//
// Every page works without scripts. What belongs to somebody else is as if it were not
// there.
package account
