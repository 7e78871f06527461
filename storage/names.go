package storage

import (
	"strings"
	"unicode"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// Normalise is the one form under which a user name or an e-mail address is unique
// and found: RFC 8265 §3.3 UsernameCaseMapped. What that profile refuses (spaces,
// invisible and compatibility characters) is first put into NFKC, lower case and
// without invisible characters, so that no look-alike of that sort is another name.
// Normalise of its own result changes nothing.
func Normalise(typed string) string {
	s := strings.Map(visible, strings.ToValidUTF8(typed, ""))
	for range 4 { // the second round rarely changes anything, the fourth never
		next := norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
		if mapped, err := precis.UsernameCaseMapped.String(next); err == nil {
			next = mapped
		}
		next = strings.TrimSpace(strings.Map(visible, next))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// visible drops controls and characters that leave no mark.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r) {
		return -1
	}
	return r
}
