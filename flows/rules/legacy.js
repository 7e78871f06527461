// Globals of rules alone.
(function (host, who) {
"use strict";
const { stringify } = JSON;

const metadata = kind => async (id, value, callback) => {
  try {
    if (id !== who) throw new Error("only the person who signs in can be changed");
    host("metadata", kind, stringify(value));
  } catch (error) {
    if (typeof callback === "function") return callback(error);
    throw error;
  }
  if (typeof callback === "function") callback(null, value);
  return value;
};
globalThis.auth0 = { users: { updateAppMetadata: metadata("app_metadata"), updateUserMetadata: metadata("user_metadata") } };

const request = () => { throw new Error("request is not available here: rules reach no network; use fetch in an action"); };
globalThis.request = Object.assign(request, { get: request, post: request, put: request, patch: request, del: request, delete: request, defaults: request });
})
