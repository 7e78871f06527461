// Package management owns what administrators may do to users, clients and APIs, and
// the rules their input has to keep. The command line and the management API call
// the same functions, so that neither accepts what the other refuses. It knows
// storage and no protocol: what a valid client does at the authorization endpoint is
// the business of package oidc.
package management
