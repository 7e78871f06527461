package rules

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

func canonicalOf(a []string) (string, error) { return canonical(a[0]), nil }

// canonical is an IP address as Go writes it, "" for none. A zone names an interface of
// this machine and is nobody's address.
func canonical(text string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || a.Zone() != "" {
		return ""
	}
	return a.Unmap().String()
}

// inRange refuses what is no range: a mistyped one would let everybody in, or nobody.
func inRange(a []string) (string, error) {
	cidr := strings.TrimSpace(a[1])
	one, err := netip.ParseAddr(canonical(a[0]))
	if err != nil {
		return "", nil
	}
	if single := canonical(cidr); single != "" {
		return yes(single == one.String()), nil
	}
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return "", fmt.Errorf("%q is no address range", clip(cidr, 60))
	}
	return yes(p.Masked().Contains(one)), nil
}

// bits says whether a is the length of a range's prefix for the kind of address.
func bits(a []string) (string, error) {
	n, err := strconv.ParseUint(a[0], 10, 8)
	return yes(err == nil && (a[1] == "ipv4" && n <= 32 || a[1] == "ipv6" && n <= 128)), nil
}

// ipRange names the kind of an address as ipaddr.js does.
func ipRange(args []string) (string, error) {
	a, err := netip.ParseAddr(args[0])
	switch {
	case err != nil:
		return "", err
	case a.IsLoopback():
		return "loopback", nil
	case a.IsPrivate() && a.Is6():
		return "uniqueLocal", nil
	case a.IsPrivate():
		return "private", nil
	case a.IsLinkLocalUnicast():
		return "linkLocal", nil
	case a.IsMulticast():
		return "multicast", nil
	case a.IsUnspecified():
		return "unspecified", nil
	}
	return "unicast", nil
}
