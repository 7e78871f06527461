// Package push is the question on the person's phone. It may not know HTTP but as a
// client of the vendors, nor storage or pages.
package push
