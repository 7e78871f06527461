// Package push asks a person on a device of theirs.
package push
