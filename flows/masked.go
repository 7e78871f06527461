package flows

import "strings"

// MaskedNumber leaves the last four characters of a number, and its length.
func MaskedNumber(number string) string {
	n := max(len(number)-4, 0)
	return strings.Repeat("X", n) + number[n:]
}

// MaskedMail leaves the first four characters of both parts of an address, and of how long
// they are; of parts as short as that nothing.
func MaskedMail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return maskedText(address)
	}
	return maskedText(address[:at]) + "@" + maskedText(address[at+1:])
}

func maskedText(text string) string {
	all := []rune(text)
	if len(all) <= 4 {
		return "****"
	}
	return string(all[:4]) + strings.Repeat("*", len(all)-4)
}
