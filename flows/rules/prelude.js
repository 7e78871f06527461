// What scripts find beside ECMAScript. It runs before them in every runtime and keeps
// what it needs out of their reach. host has the natives: text, numbers and booleans in
// and out.
(function (host) {
"use strict";
const { stringify, parse } = JSON;
const { assign, create, keys } = Object;
const { isArray } = Array;

class UnauthorizedError extends Error {
  constructor(message) { super(message); this.name = "UnauthorizedError"; }
}
const text = (value, what) => {
  if (typeof value !== "string" || value === "") throw new TypeError(what + " has to be a text");
  return value;
};
const shown = value => typeof value === "string" ? value : value instanceof Error ? String(value) : stringify(value);
const log = (...values) => host.log(values.map(shown).join(" "));
const console = { log, info: log, warn: log, error: log, debug: log };

// crypto: what rules use of Node's, over text and hex.
const bytes = (data, encoding) => {
  if (encoding && encoding !== "utf8" && encoding !== "utf-8") return host.decode(String(data), encoding);
  return host.decode(String(data), "utf8");
};
const hasher = (name, start) => {
  let hex = start;
  let done = false;
  const h = {
    update(data, encoding) {
      if (done) throw new Error("Digest already called");
      hex += bytes(data, encoding);
      return h;
    },
    digest(encoding) {
      if (done) throw new Error("Digest already called");
      done = true;
      return host.encode(name(hex), encoding || "hex");
    },
  };
  return h;
};
const crypto = {
  createHash: algorithm => hasher(hex => host.hash(algorithm, hex), ""),
  createHmac: (algorithm, key) => hasher(hex => host.hmac(algorithm, bytes(key), hex), ""),
  randomUUID: () => host.uuid(),
  randomBytes: n => { const hex = host.random(n); return { toString: encoding => host.encode(hex, encoding || "hex") }; },
  timingSafeEqual: (a, b) => Boolean(host.equal(bytes(a), bytes(b))),
};

// ipaddr.js: parse, isValid, process, parseCIDR, match, range, kind.
const address = (canonical, kind) => ({
  kind: () => kind,
  toString: () => canonical,
  toNormalizedString: () => canonical,
  range: () => host.ipRange(canonical),
  isIPv4MappedAddress: () => false,
  toIPv4Address() { return this; },
  match(net, bits) {
    const [base, length] = isArray(net) ? net : [net, bits];
    return kind === base.kind() && Boolean(host.inRange(canonical, base.toString() + "/" + length));
  },
});
const ip = value => {
  const canonical = host.ip(String(value));
  if (!canonical) throw new Error("ipaddr: the address has neither IPv6 nor IPv4 format");
  return address(canonical, canonical.includes(":") ? "ipv6" : "ipv4");
};
const ipaddr = {
  parse: ip, process: ip,
  isValid: value => Boolean(host.ip(String(value))),
  parseCIDR(value) {
    const [base, length] = String(value).split("/");
    if (!/^[0-9]{1,3}$/.test(length || "")) throw new Error("ipaddr: string is not formatted like a CIDR range");
    return [ip(base), Number(length)];
  },
};
const rangeCheck = { inRange: (value, ranges) => (isArray(ranges) ? ranges : [ranges]).some(range => Boolean(host.inRange(String(value), String(range)))) };

const modules = assign(create(null), { crypto, "ipaddr.js": ipaddr, "range_check": rangeCheck });
const require = name => {
  const plain = String(name).replace(/^node:/, "").replace(/@[0-9].*$/, "");
  if (!(plain in modules)) throw new Error(`require("${plain}") is not available here; there are ${keys(modules).join(", ")}`);
  return modules[plain];
};

assign(globalThis, { UnauthorizedError, console, crypto, rangeCheck, require, global: {} });

const verdict = create(null);
assign(verdict, { commands: [], methods: [], id_token: {}, access_token: {}, user_metadata: {}, app_metadata: {}, transaction: {}, cache: {} });
let current = "";
const said = word => host.said(word);
const deny = (reason, fault) => { if (!verdict.denial) verdict.denial = { script: current, reason, fault: Boolean(fault) }; said("deny"); };

// Rules share user and context.
const shared = { user: parse(host.user), context: parse(host.context) };
const metadata = kind => (id, value, callback) => {
  if (id !== shared.user.user_id) throw new Error("only the person who signs in can be changed");
  assign(verdict[kind], parse(stringify(value)));
  said(kind);
  if (typeof callback === "function") callback(null);
  return Promise.resolve();
};
globalThis.auth0 = { users: { updateAppMetadata: metadata("app_metadata"), updateUserMetadata: metadata("user_metadata") } };

const rule = (script, fn, configuration) => {
  current = script;
  globalThis.configuration = assign(create(null), configuration);
  if (typeof fn !== "function") throw new TypeError("a rule is one function (user, context, callback)");
  const outcome = { called: false, error: null };
  const callback = (error, user, context) => {
    if (outcome.called) return;
    outcome.called = true;
    if (error) { outcome.error = error; return; }
    if (user !== undefined) shared.user = user;
    if (context !== undefined) shared.context = context;
  };
  return { outcome, result: fn(shared.user, shared.context, callback) };
};
// Once a rule is over: what it said.
const ruled = outcome => {
  if (!outcome.called) throw new Error("callback was never called");
  const { error } = outcome;
  if (error) {
    if (error.name === "UnauthorizedError") return deny(String(error.message || "unauthorized"));
    throw error;
  }
  const { multifactor, redirect } = shared.context;
  if (multifactor && multifactor.provider) {
    verdict.multifactor = { script: current, provider: String(multifactor.provider), allowRememberBrowser: multifactor.allowRememberBrowser !== false && multifactor.ignoreCookie !== true };
    said("multifactor");
  }
  if (redirect && redirect.url) { verdict.redirect = { script: current, url: text(redirect.url, "context.redirect.url") }; said("redirect"); }
  assign(verdict.id_token, shared.context.idToken);
  assign(verdict.access_token, shared.context.accessToken && shared.context.accessToken.claims === undefined ? shared.context.accessToken : {});
};

// Actions.
const providers = ["any", "none", "guardian", "google-authenticator", "duo"];
const challengeable = ["otp", "email", "push-notification", "phone", "webauthn-platform", "webauthn-roaming", "recovery-code"];
const command = verb => {
  const known = verb === "enroll" ? challengeable.filter(type => type !== "email") : challengeable;
  const factor = one => {
    if (!one || !known.includes(one.type)) throw new TypeError(`${verb}: ${stringify(one && one.type)} is no factor; use one of ${known.join(", ")}`);
    return one.options ? { type: one.type, options: parse(stringify(one.options)) } : { type: one.type };
  };
  const add = (any, factors) => {
    if (factors.length === 0) throw new TypeError(verb + ": name at least one factor");
    verdict.commands.push({ script: current, verb, any, factors: factors.map(factor) });
    said(verb);
  };
  return {
    with: (one, options) => add(false, [one, ...((options && options.additionalFactors) || [])]),
    any: list => add(true, [...list]),
  };
};
const challenge = command("challenge"), enroll = command("enroll");
const claims = into => ({ setCustomClaim(name, value) { verdict[into][text(name, "the claim's name")] = value === undefined ? null : parse(stringify(value)); } });
const scopes = () => verdict.scopes || (verdict.scopes = { add: [], remove: [] });
const missing = what => () => { throw new Error(what + " is not available here"); };
const entries = assign(create(null), parse(host.cache));
const apiFor = event => ({
  access: { deny(...reasons) { deny(String(reasons[reasons.length - 1])); } },
  multifactor: {
    enable(provider, options = {}) {
      if (!providers.includes(provider)) throw new TypeError(`multifactor.enable: ${stringify(provider)} is no provider; use one of ${providers.join(", ")}`);
      verdict.multifactor = { script: current, provider, allowRememberBrowser: options.allowRememberBrowser === true };
      said("multifactor");
    },
  },
  authentication: {
    challengeWith: challenge.with, challengeWithAny: challenge.any, enrollWith: enroll.with, enrollWithAny: enroll.any,
    recordMethod(url) {
      if (!host.continued) throw new Error("recordMethod is for onContinuePostLogin");
      verdict.methods.push(text(url, "the method"));
      said("method");
    },
    setPrimaryUser: missing("setPrimaryUser"),
  },
  redirect: {
    canRedirect: () => host.canRedirect,
    encodeToken: ({ secret, payload = {}, expiresInSeconds = 900 }) =>
      host.sign(text(secret, "secret"), stringify({ ...payload, sub: event.user.user_id, ip: event.request.ip }), expiresInSeconds),
    sendUserTo(url, { query = {} } = {}) {
      if (!host.canRedirect) throw new Error("nobody can be sent elsewhere in this sign-in");
      verdict.redirect = { script: current, url: host.address(text(url, "url"), stringify(query)) };
      said("redirect");
    },
    validateToken({ secret, tokenParameterName = "session_token" }) {
      const { query = {}, body = {} } = event.request;
      return parse(host.verify(text(secret, "secret"), String(query[tokenParameterName] || body[tokenParameterName] || ""), event.user.user_id, event.transaction ? String(event.transaction.state || "") : ""));
    },
  },
  idToken: claims("id_token"),
  accessToken: {
    ...claims("access_token"),
    addScope(scope) { scopes().add.push(text(scope, "scope")); },
    removeScope(scope) { scopes().remove.push(text(scope, "scope")); },
  },
  user: {
    setUserMetadata(name, value) { verdict.user_metadata[text(name, "the name")] = value === undefined ? null : parse(stringify(value)); said("user_metadata"); },
    setAppMetadata(name, value) { verdict.app_metadata[text(name, "the name")] = value === undefined ? null : parse(stringify(value)); said("app_metadata"); },
  },
  transaction: { setMetadata(name, value) { verdict.transaction[text(name, "the name")] = value; } },
  cache: {
    get(key) { return key in entries ? { value: parse(entries[key]), expires_at: 0 } : undefined; },
    set(key, value, { ttl = 900000 } = {}) {
      entries[text(key, "key")] = stringify(value);
      verdict.cache[key] = { value: entries[key], ttl: Math.min(Number(ttl) || 0, 86400000) };
      return { type: "success", record: { key, value } };
    },
    delete(key) { delete entries[key]; verdict.cache[key] = { value: "", ttl: 0 }; return { type: "success" }; },
  },
  session: { revoke: missing("session.revoke"), setExpiresAt: missing("session.setExpiresAt"), setIdleExpiresAt: missing("session.setIdleExpiresAt") },
});
const fetch = (url, options = {}) => {
  const answer = parse(host.fetch(stringify({ url: String(url), method: options.method || "GET", headers: options.headers || {}, body: options.body === undefined ? "" : String(options.body) })));
  if (answer.error) return Promise.reject(new TypeError("fetch: " + answer.error));
  const headers = new Map(keys(answer.headers).map(name => [name.toLowerCase(), answer.headers[name]]));
  return Promise.resolve({
    ok: answer.status >= 200 && answer.status < 300, status: answer.status, headers: { get: name => headers.get(String(name).toLowerCase()) || null },
    text: () => Promise.resolve(answer.body), json: () => Promise.resolve(answer.body).then(parse),
  });
};
const action = (script, body, secrets) => {
  current = script;
  globalThis.fetch = fetch;
  const exports = {}, module = { exports };
  body(exports, require, module);
  const name = host.continued ? "onContinuePostLogin" : "onExecutePostLogin";
  const handler = module.exports[name];
  if (typeof handler !== "function") {
    if (host.continued) return { outcome: null };
    throw new TypeError("exports." + name + " is no function");
  }
  const event = parse(host.event);
  event.secrets = assign({}, secrets);
  event.configuration = event.configuration || {};
  return { outcome: null, result: handler(event, apiFor(event)) };
};

return { rule, ruled, action, verdict: () => stringify(verdict), settle: () => delete globalThis.fetch, refused: reason => deny(reason, true) };
})
