package flows

import "strings"

// MaskedNumber leaves the last four characters of a number, and its length.
func MaskedNumber(number string) string {
	n := max(len(number)-4, 0)
	return strings.Repeat("X", n) + number[n:]
}

// MaskedMail leaves the first four characters of both parts of an address, of short ones
// the first half, and its length.
func MaskedMail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return maskedText(address)
	}
	return maskedText(address[:at]) + "@" + maskedText(address[at+1:])
}

func maskedText(text string) string {
	all := []rune(text)
	n := min(4, len(all)/2)
	return string(all[:n]) + strings.Repeat("*", len(all)-n)
}
