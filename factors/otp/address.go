package otp

import (
	"net/url"
	"strconv"
	"strings"
)

// address is the otpauth URI that authenticator apps read from a QR code (Key Uri
// Format of Google Authenticator). Apps split the label at its first colon and do not
// all decode "+", so colons go and spaces are "%20".
func (k key) address(issuer, account string) string {
	label := escape(account)
	if issuer != "" {
		label = escape(issuer) + ":" + label
	}
	query := []string{"secret=" + k.text()}
	if issuer != "" {
		query = append(query, "issuer="+escape(issuer))
	}
	query = append(query, "algorithm="+k.Algorithm, "digits="+strconv.Itoa(k.Digits), "period="+strconv.FormatInt(k.Period, 10))
	return "otpauth://totp/" + label + "?" + strings.Join(query, "&")
}

func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(strings.ReplaceAll(text, ":", " ")), "+", "%20")
}
