// The runtime's toLocaleString takes no notice of a time zone, by which a rule about
// office hours would decide by the wrong clock and nobody would know.
(function () {
"use strict";
for (const name of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) {
  const plain = Date.prototype[name];
  Object.defineProperty(Date.prototype, name, { writable: true, configurable: true, enumerable: false, value: function (locale, options) {
    if (options && options.timeZone !== undefined && options.timeZone !== "UTC") throw new Error(name + " knows no time zone here; the clock is UTC");
    return plain.call(this);
  } });
}
})
