// ipaddr.js: parse, isValid, process, parseCIDR, match, range, kind; and rangeCheck.
(function (host) {
"use strict";
const { isArray } = Array;
const string = String;

const address = (canonical, kind) => ({
  kind: () => kind,
  toString: () => canonical,
  toNormalizedString: () => canonical,
  range: () => host("ipRange", canonical),
  isIPv4MappedAddress: () => false,
  toIPv4Address() { return this; },
  match(net, bits) {
    const base = isArray(net) ? net[0] : net, length = isArray(net) ? net[1] : bits;
    return kind === base.kind() && host("inRange", canonical, base.toString() + "/" + length) === "1";
  },
});
const ip = value => {
  const canonical = host("ip", string(value));
  if (!canonical) throw new Error("ipaddr: the address has neither IPv6 nor IPv4 format");
  return address(canonical, canonical.includes(":") ? "ipv6" : "ipv4");
};
const ipaddr = {
  parse: ip, process: ip,
  isValid: value => host("ip", string(value)) !== "",
  parseCIDR(value) {
    const parts = string(value).split("/"), length = parts[1];
    const parsed = ip(parts[0]);
    if (parts.length !== 2 || host("bits", length, parsed.kind()) !== "1") throw new Error("ipaddr: string is not formatted like a CIDR range");
    return [parsed, Number(length)];
  },
};
const rangeCheck = { inRange: (value, ranges) => (isArray(ranges) ? ranges : [ranges]).some(range => host("inRange", string(value), string(range)) === "1") };

globalThis.rangeCheck = rangeCheck;
return { "ipaddr.js": ipaddr, "range_check": rangeCheck };
})
