// Package auth0 reads what Auth0's deploy tool writes about a tenant, as a folder or as one
// YAML file, and says what each thing of it becomes here and what is lost on the way. It
// stores nothing.
package auth0
