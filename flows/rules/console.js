// The console, whose lines are in the execution log.
(function (host) {
"use strict";
const { stringify } = JSON;

// A line that cannot be shown is not worth a login. Whoever spoils String spoils lines alone.
const shown = value => {
  if (typeof value === "string") return value;
  try {
    if (value instanceof Error) return String(value);
    const text = stringify(value);
    return text === undefined ? String(value) : text;
  } catch (error) { return "(cannot be shown)"; }
};
const log = (...values) => {
  let line = "";
  for (let i = 0; i < values.length; i++) line += (i ? " " : "") + shown(values[i]);
  host("log", line);
};
globalThis.console = { log, info: log, warn: log, error: log, debug: log };
})
