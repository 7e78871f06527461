// The console, whose lines are in the execution log.
(function (host) {
"use strict";
const { stringify } = JSON;
const string = String;

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
})
