// ipaddr.js: parse, isValid, process, parseCIDR, match, range, kind; and rangeCheck.
(function (host) {
"use strict";

class Address {
  #text; #kind;
  constructor(canonical) { this.#text = canonical; this.#kind = canonical.includes(":") ? "ipv6" : "ipv4"; }
  kind() { return this.#kind; }
  toString() { return this.#text; }
  toNormalizedString() { return this.#text; }
  range() { return host("ipRange", this.#text); }
  isIPv4MappedAddress() { return false; }
  toIPv4Address() { return this; }
  match(net, bits) {
    const one = #text in net, base = one ? net : net[0], length = one ? bits : net[1];
    return this.#kind === base.#kind && host("inRange", this.#text, `${base.#text}/${length}`) === "1";
  }
}
delete Address.prototype.constructor; // scripts make none
const ip = value => {
  const canonical = host("ip", `${value}`);
  if (!canonical) throw new Error("ipaddr: the address has neither IPv6 nor IPv4 format");
  return new Address(canonical);
};
const ipaddr = {
  parse: ip, process: ip,
  isValid: value => host("ip", `${value}`) !== "",
  parseCIDR(value) {
    const parts = `${value}`.split("/"), length = parts[1];
    const parsed = ip(parts[0]);
    if (parts.length !== 2 || host("bits", length, parsed.kind()) !== "1") throw new Error("ipaddr: string is not formatted like a CIDR range");
    return [parsed, +length];
  },
};
const rangeCheck = { inRange: (value, ranges) => (ranges && typeof ranges.some === "function" ? ranges : [ranges]).some(range => host("inRange", `${value}`, `${range}`) === "1") };

globalThis.rangeCheck = rangeCheck;
return { "ipaddr.js": ipaddr, "range_check": rangeCheck };
})
