// What every script finds beside ECMAScript. It runs before them in each runtime and keeps
// what it needs out of their reach. host(what, …texts) is the one way out, in text; load
// runs another of our programs. What is said goes to the host at once: no script can take
// it back, whatever it does to this runtime.
(function (host, load) {
"use strict";
const { stringify } = JSON;
const { defineProperty } = Object;
const { isArray } = Array;
const string = String;

class UnauthorizedError extends Error {
  constructor(message) { super(message); this.name = "UnauthorizedError"; }
}
globalThis.UnauthorizedError = UnauthorizedError;
globalThis.global = {};

// A line that cannot be shown is not worth a login.
const shown = value => {
  if (typeof value === "string") return value;
  try {
    if (value instanceof Error) return string(value);
    const text = stringify(value);
    return text === undefined ? string(value) : text;
  } catch (error) { return "(cannot be shown)"; }
};
const log = (...values) => {
  let line = "";
  for (let i = 0; i < values.length; i++) line += (i ? " " : "") + shown(values[i]);
  host("log", line);
};
globalThis.console = { log, info: log, warn: log, error: log, debug: log };

// Few scripts use these, so that they are made at their first use.
let modules;
const module = name => (modules || (modules = load("modules")(host)))[name];
const known = "crypto, ipaddr.js, range_check";
globalThis.require = name => {
  const plain = string(name).replace(/^node:/, "").replace(/@[0-9].*$/, "");
  if (plain !== "crypto" && plain !== "ipaddr.js" && plain !== "range_check") throw new Error(`require("${plain}") is not available here; there are ${known}`);
  return module(plain);
};
const lazily = name => {
  const put = value => defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  defineProperty(globalThis, name, { configurable: true, enumerable: true, get() { const made = module(name); put(made); return made; }, set: put });
};
lazily("crypto");
lazily("rangeCheck");
lazily("Buffer");

// Go reads no value of a script's: that could run the script where nothing stops it.
const failed = error => {
  let why = "it threw what cannot be shown", stack = "";
  try {
    why = string(error);
    if (error instanceof Error && typeof error.stack === "string") stack = error.stack;
  } catch (another) { /* said above */ }
  host("fail", why, stack);
};
const text = (value, what) => {
  if (typeof value !== "string" || value === "") throw new TypeError(what + " has to be a text");
  return value;
};
return { failed, text, UnauthorizedError, isArray };
})
