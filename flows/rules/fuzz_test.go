package rules

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// FuzzVerify looks for a token that was not signed here and is taken.
func FuzzVerify(f *testing.F) {
	good, err := sign("k", `{"state":"s1"}`, "60", claims{Sub: "usr_1"}, noon)
	if err != nil {
		f.Fatal(err)
	}
	body, _, _ := strings.Cut(strings.SplitN(good, ".", 2)[1], ".")
	for _, s := range []string{good, good + "=", good + ".", "..", "", "eyJhbGciOiJub25lIn0." + body + ".", strings.ToUpper(good), "a.b.c", strings.Repeat(".", 100), good[:len(good)-1] + "A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		said, err := verify("k", token, "usr_1", "s1", noon)
		if err == nil && token != good {
			t.Errorf("%q was taken: %s", token, said)
		}
		if err == nil && !json.Valid([]byte(said)) {
			t.Errorf("%q says %q", token, said)
		}
	})
}

// FuzzAddress looks for an address that leads a person elsewhere than it says, or is none.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"https://mfa.example/start?a=1#x", "javascript:alert(1)", "https:///x", "//evil.example", "https://a@b/", "http://[::1]:8/", "https://a\\@b/", "HTTPS://X", " https://x", "https://x\n/"} {
		f.Add(s, `{"a":"1"}`)
	}
	f.Add("https://x/", `{"a":{"b":[1]},"":null}`)
	f.Fuzz(func(t *testing.T, text, query string) {
		out, err := address(text, query)
		if err != nil {
			return
		}
		was, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q was taken", text)
		}
		u, err := url.Parse(out)
		if err != nil || u.Host != was.Host || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(out, "\r\n\t \\") {
			t.Errorf("%q became %q", text, out)
		}
	})
}

// FuzzInRange holds inRange against net/netip.
func FuzzInRange(f *testing.F) {
	for _, s := range [][2]string{{"10.0.0.1", "10.0.0.0/8"}, {"::ffff:10.0.0.1", "10.0.0.0/8"}, {"10.0.0.1", "::ffff:10.0.0.0/104"}, {"fe80::1%eth0", "fe80::/10"}, {"::1", "::/0"}, {"1.2.3.4", "1.2.3.4"}, {"", ""}, {"x", "0.0.0.0/0"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, ip, cidr string) {
		got, err := inRange([]string{ip, cidr})
		if got != "" && err != nil {
			t.Errorf("%q in %q: %q and %v", ip, cidr, got, err)
		}
		if got == "" {
			return
		}
		a, errA := netip.ParseAddr(strings.TrimSpace(ip))
		if errA != nil || a.Zone() != "" {
			t.Fatalf("%q is no address and in %q", ip, cidr)
		}
		if p, err := netip.ParsePrefix(strings.TrimSpace(cidr)); err == nil && !p.Contains(a.Unmap()) {
			t.Errorf("%q is not in %q", ip, cidr)
		}
	})
}
