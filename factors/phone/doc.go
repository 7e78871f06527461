// Package phone is what text messages and calls have in common: numbers, the words of
// a message, and the vendors that take it.
//
// A vendor is a sender; which one a factor uses is a setting, and so is the one that
// steps in where the first certainly did not take a message. The package knows nothing
// of limits, pages or storage.
package phone
