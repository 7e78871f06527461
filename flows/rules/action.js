// Actions: exports.onExecutePostLogin = async (event, api). Each has a runtime of its own.
(function (host, own, event, secrets, earlier) {
"use strict";
const { failed, text } = own;
const { isArray } = Array;
const { stringify, parse } = JSON;
const { assign, keys } = Object;
const string = String;

// What earlier actions of this login did shows in the event.
event.secrets = secrets;
event.configuration = event.configuration || {};
if (earlier.transaction) event.transaction = assign({}, event.transaction, { metadata: assign({}, event.transaction && event.transaction.metadata, earlier.transaction) });
if (earlier.methods) {
  const timestamp = new Date().toISOString();
  event.authentication = assign({}, event.authentication);
  event.authentication.methods = [...(event.authentication.methods || []), ...earlier.methods.map(name => ({ name, timestamp }))];
}

const missing = what => () => { throw new Error(what + " is not available here"); };
const json = value => { const made = stringify(value); return made === undefined ? "null" : made; };
const factors = ["otp", "email", "push-notification", "phone", "webauthn-platform", "webauthn-roaming", "recovery-code"];
const command = verb => {
  const known = verb === "enroll" ? factors.filter(type => type !== "email") : factors;
  const factor = one => {
    if (!one || !known.includes(one.type)) throw new TypeError(`${verb}: ${stringify(one && one.type)} is no factor; use one of ${known.join(", ")}`);
    return one.options ? { type: one.type, options: one.options } : { type: one.type };
  };
  const add = (any, list) => {
    if (!isArray(list) || list.length === 0) throw new TypeError(verb + ": name at least one factor, in a list");
    host("command", verb, any, stringify(list.map(factor)));
  };
  return {
    with: (one, { additionalFactors = [] } = {}) => add("", [one, ...additionalFactors]),
    any: list => add("1", list),
  };
};
const challenge = command("challenge"), enroll = command("enroll");
const claim = into => (name, value) => { host("claims", into, stringify({ [text(name, "the claim's name")]: value === undefined ? null : value })); };
const metadata = kind => (name, value) => { host("metadata", kind, stringify({ [text(name, "the name")]: value === undefined ? null : value })); };
const until = ({ ttl, expires_at }) => string(ttl !== undefined ? ttl : expires_at !== undefined ? expires_at - Date.now() : 900000);

const api = {
  access: { deny(...reasons) { host("deny", string(reasons[reasons.length - 1]), new Error().stack); } },
  multifactor: { enable(provider, options) { host("multifactor", string(provider), options && options.allowRememberBrowser === true ? "1" : ""); } },
  authentication: {
    challengeWith: challenge.with, challengeWithAny: challenge.any, enrollWith: enroll.with, enrollWithAny: enroll.any,
    recordMethod(url) { host("method", text(url, "the method")); },
    setPrimaryUser: missing("authentication.setPrimaryUser"),
  },
  redirect: {
    canRedirect: () => host("canRedirect") === "1",
    encodeToken: ({ secret, payload, expiresInSeconds = 900 }) => host("sign", text(secret, "secret"), json(payload || {}), string(expiresInSeconds)),
    sendUserTo(url, options) { host("redirect", text(url, "url"), stringify((options && options.query) || {})); },
    validateToken({ secret, tokenParameterName = "session_token" }) {
      const { query, body } = event.request;
      return parse(host("verify", text(secret, "secret"), string((query && query[tokenParameterName]) || (body && body[tokenParameterName]) || "")));
    },
  },
  idToken: { setCustomClaim: claim("id_token") },
  accessToken: {
    setCustomClaim: claim("access_token"),
    addScope(scope) { host("scope", "add", text(scope, "scope")); },
    removeScope(scope) { host("scope", "remove", text(scope, "scope")); },
  },
  user: { setUserMetadata: metadata("user_metadata"), setAppMetadata: metadata("app_metadata") },
  transaction: {
    setMetadata(name, value) {
      if (value !== null && value !== undefined && !["string", "number", "boolean"].includes(typeof value)) throw new TypeError("transaction.setMetadata: use a text, a number or a boolean");
      metadata("transaction")(name, value);
    },
  },
  cache: {
    get(key) { const found = host("cached", string(key)); return found === "" ? undefined : parse(found); },
    set(key, value, options) {
      const wrong = host("cache", text(key, "key"), json(value), until(options || {}));
      return wrong === "" ? { type: "success", record: { key, value } } : { type: "error", code: wrong };
    },
    delete(key) { host("uncache", string(key)); return { type: "success" }; },
  },
  session: { revoke: missing("session.revoke"), setExpiresAt: missing("session.setExpiresAt"), setIdleExpiresAt: missing("session.setIdleExpiresAt") },
  refreshToken: { revoke: missing("refreshToken.revoke"), setExpiresAt: missing("refreshToken.setExpiresAt"), setIdleExpiresAt: missing("refreshToken.setIdleExpiresAt") },
};

globalThis.fetch = async (url, options) => {
  const { method = "GET", headers = {}, body } = options || {};
  const answer = parse(host("fetch", stringify({ url: string(url), method, headers, body: body === undefined ? "" : string(body) })));
  if (answer.error) throw new TypeError("fetch: " + answer.error);
  const got = new Map(keys(answer.headers || {}).map(name => [name.toLowerCase(), answer.headers[name]]));
  return {
    ok: answer.status >= 200 && answer.status < 300, status: answer.status, headers: { get: name => got.get(string(name).toLowerCase()) || null },
    text: async () => answer.body, json: async () => parse(answer.body),
  };
};

let state = "waits";
const action = (body, name, optional) => {
  const run = async () => {
    try {
      const exports = {}, module = { exports };
      body(exports, globalThis.require, module);
      const handler = module.exports[name];
      if (typeof handler === "function") await handler(event, api);
      else if (!optional) throw new TypeError("exports." + name + " is no function");
      state = "over";
    } catch (error) { state = "failed"; failed(error); }
  };
  run();
};
return { action, state: () => state };
})
