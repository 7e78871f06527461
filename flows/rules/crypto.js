// Node's crypto and Buffer: what rules use of them, over hex.
(function (host) {
"use strict";
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

globalThis.crypto = crypto;
globalThis.Buffer = Buffer;
return { crypto };
})
