// The error by which a rule refuses.
(function () {
"use strict";
globalThis.UnauthorizedError = class UnauthorizedError extends Error {
  constructor(message) { super(message); this.name = "UnauthorizedError"; }
};
})
