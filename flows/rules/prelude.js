// What every script finds beside ECMAScript. It runs before them in each runtime and keeps
// what it needs out of their reach. host(what, …texts) is the one way out, in text. What is
// said goes to the host at once: no script can take it back, whatever it does to this
// runtime.
(function (host) {
"use strict";

globalThis.global = {};

// Go reads no value of a script's: that could run the script where nothing stops it.
const failed = error => {
  let why = "it threw what cannot be shown", stack = "";
  try {
    why = `${typeof error === "symbol" ? error.toString() : error}`;
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
