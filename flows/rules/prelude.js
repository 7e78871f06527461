// What every script finds beside ECMAScript. It runs before them in each runtime and keeps
// what it needs out of their reach. host(what, …texts) is the one way out, in text; load
// gives a module. What is said goes to the host at once: no script can take
// it back, whatever it does to this runtime.
(function (host, load) {
"use strict";
const { stringify } = JSON;
const string = String;

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

globalThis.require = name => load(string(name));

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
return { failed, text };
})
