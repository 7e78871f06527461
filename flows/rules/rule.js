// Rules: function (user, context, callback). Those of one login share user, context and
// this runtime, as the contract has it.
(function (host, own, user, context) {
"use strict";
const { failed, text } = own;
const { stringify } = JSON;

let outcome;
// A rule is over when it calls back. An error that it gives later, or throws, counts all
// the same.
const fail = (mine, error) => { if (!mine.failed) { mine.failed = true; mine.error = error; } };
const rule = (make, configuration) => {
  const mine = outcome = { called: false, failed: false, error: null };
  globalThis.configuration = configuration;
  const callback = (error, newUser, newContext) => {
    if (error) return fail(mine, error);
    if (mine.called) return;
    mine.called = true;
    if (newUser !== undefined) user = newUser;
    if (newContext !== undefined) context = newContext;
  };
  try {
    const fn = make();
    if (typeof fn !== "function") throw new TypeError("a rule is one function (user, context, callback)");
    const given = fn(user, context, callback);
    if (given !== undefined) (async () => { try { await given; } catch (error) { fail(mine, error); } })();
  } catch (error) { fail(mine, error); }
};

// Once nothing of the rule runs any more: what it said.
const ruled = () => {
  try {
    const { called, error } = outcome;
    if (outcome.failed) {
      if (!error || error.name !== "UnauthorizedError") return failed(error);
      const { message, stack } = error;
      return host("deny", `${message || "unauthorized"}`, typeof stack === "string" ? stack : "");
    }
    if (!called) throw new Error("callback was never called");
    const { multifactor, redirect } = context;
    let provider = "", remember = "", url = "";
    if (multifactor && multifactor.provider) {
      provider = text(multifactor.provider, "context.multifactor.provider");
      remember = multifactor.allowRememberBrowser !== false && multifactor.ignoreCookie !== true ? "1" : "";
    }
    if (redirect && redirect.url) url = text(redirect.url, "context.redirect.url");
    host("ruled", provider, remember, url);
  } catch (error) { failed(error); }
};

// Once no rule is left.
const claims = () => {
  try {
    const { idToken, accessToken } = context;
    if (idToken) host("claims", "id_token", stringify(idToken));
    if (accessToken) host("claims", "access_token", stringify(accessToken));
  } catch (error) { failed(error); }
};
return { rule, ruled, claims };
})
