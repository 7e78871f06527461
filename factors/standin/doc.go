// Package standin is the outside world on this machine: servers that speak the wire
// protocols of the vendors that factors use, for the demo and for tests. They check
// what the real ones check, tell what they were given, and fail in the ways that the
// real ones do when they are told to.
//
// Phone is the other way round, a device for this site's own protocol. Command
// authenticator is made of it.
//
// It knows nothing of factors, so that both sides of a protocol are written from its
// documents and not from one another.
package standin
