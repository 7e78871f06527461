// Package email is the code by e-mail, and the mailer that hands messages to one SMTP
// server.
//
// An address that is known to be a person's is an authenticator by itself, unless they
// opted out. A mailbox is no second factor (NIST SP 800-63B-4 §3.1.3.1): the factor
// stands beside another one only and raises no acr.
//
// It never falls back to plain text: a server that does not offer STARTTLS, or whose
// certificate does not verify, gets neither the password nor the message. Only a server
// on this machine may be spoken to without TLS, and only where the settings say so.
//
// The mailer keeps no queue and repeats nothing: Send is one attempt, and its error
// says whether another can help. It may not know what a message is about, who the
// person is, or how pages look; it may not log; and its errors carry no part of a
// message, no address, no secret and no words of the server, which could repeat them.
package email
