// What require gives, and the globals that are the same: of Node's crypto and Buffer what
// rules use, over hex; of ipaddr.js parse, isValid, process, parseCIDR, match, range, kind.
(function (host) {
"use strict";
const { isArray } = Array;
const string = String;

class Buffer {
  #hex;
  constructor(data, encoding) { this.#hex = Buffer.isBuffer(data) ? data.#hex : host("decode", string(data), encoding || "utf8"); }
  static from(data, encoding) { return new Buffer(data, encoding); }
  static isBuffer(value) { return typeof value === "object" && value !== null && #hex in value; }
  static hexOf(value, encoding) { return (Buffer.isBuffer(value) ? value : new Buffer(value, encoding)).#hex; }
  get length() { return this.#hex.length / 2; }
  equals(other) { return this.#hex === Buffer.hexOf(other); }
  toString(encoding) { return host("encode", this.#hex, encoding || "utf8"); }
  toJSON() { return { type: "Buffer", hex: this.#hex }; }
}
const { hexOf } = Buffer;
delete Buffer.hexOf;
const out = (hex, encoding) => encoding ? host("encode", hex, encoding) : new Buffer(hex, "hex");

const hasher = finish => {
  let hex = "", done = false;
  const open = () => { if (done) throw new Error("Digest already called"); };
  const h = {
    update(data, encoding) { open(); hex += hexOf(data, encoding); return h; },
    digest(encoding) { open(); done = true; return out(finish(hex), encoding); },
  };
  return h;
};
const crypto = {
  createHash: algorithm => hasher(hex => host("hash", string(algorithm), hex)),
  createHmac: (algorithm, key) => hasher(hex => host("hmac", string(algorithm), hexOf(key), hex)),
  randomUUID: () => host("uuid"),
  randomBytes: n => new Buffer(host("random", string(n)), "hex"),
  timingSafeEqual: (a, b) => host("equal", hexOf(a), hexOf(b)) === "1",
};

const address = (canonical, kind) => ({
  kind: () => kind,
  toString: () => canonical,
  toNormalizedString: () => canonical,
  range: () => host("ipRange", canonical),
  isIPv4MappedAddress: () => false,
  toIPv4Address() { return this; },
  match(net, bits) {
    const [base, length] = isArray(net) ? net : [net, bits];
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
    const [base, length] = string(value).split("/");
    const parsed = ip(base);
    if (!/^[0-9]{1,3}$/.test(length || "") || Number(length) > (parsed.kind() === "ipv4" ? 32 : 128)) throw new Error("ipaddr: string is not formatted like a CIDR range");
    return [parsed, Number(length)];
  },
};
const rangeCheck = { inRange: (value, ranges) => (isArray(ranges) ? ranges : [ranges]).some(range => host("inRange", string(value), string(range)) === "1") };

return { crypto, Buffer, rangeCheck, "ipaddr.js": ipaddr, "range_check": rangeCheck };
})
