// The web authenticator: a device in a browser. Its key is made here and cannot leave,
// not even to this script: it signs, and that is all. No HTML is made here (Trusted
// Types).
"use strict";
const byId = id => document.getElementById(id);
const app = byId("app");
const { site, path, key: serverKey, worker } = app.dataset;
const base = site + path + "/api";
const lang = document.documentElement.lang;
const show = (id, on) => { byId(id).hidden = !on; };
const say = (id, tone) => {
  const text = id && document.querySelector(`[data-say="say.${id}"]`).textContent;
  byId("message").className = "notice " + (tone || "good");
  byId("message").dataset.id = id || "";
  byId("message").firstElementChild.textContent = text || "";
  show("message", Boolean(id));
};

// The accounts, each with its key, stay in the browser's database.
const open = () => new Promise((done, fail) => {
  const request = indexedDB.open("authenticator", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("accounts", { keyPath: "id" });
  request.onsuccess = () => done(request.result);
  request.onerror = () => fail(request.error);
});
const accounts = async (mode, act) => {
  const db = await open();
  return new Promise((done, fail) => {
    const tx = db.transaction("accounts", mode);
    const request = act(tx.objectStore("accounts"));
    tx.oncomplete = () => { db.close(); done(request.result); };
    tx.onerror = tx.onabort = () => { db.close(); fail(tx.error); };
  });
};
const all = () => accounts("readonly", store => store.getAll());
const keep = account => accounts("readwrite", store => store.put(account));
const forget = id => accounts("readwrite", store => store.delete(id));

// A statement is a JWT by the device's key (RFC 7515, ES256).
const base64url = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
const encode = value => base64url(new TextEncoder().encode(JSON.stringify(value)));
const statement = async (account, life, claims) => {
  const now = Math.floor(Date.now() / 1000);
  const text = encode({ alg: "ES256", typ: "JWT" }) + "." + encode({ iat: now, exp: now + life, ...claims });
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, account.key, new TextEncoder().encode(text));
  return text + "." + base64url(signature);
};
const bearer = async account => "Bearer " + await statement(account, 300, { iss: account.id, sub: account.userId, aud: base + "/device-accounts" });
const call = (method, address, authorization, body) => fetch(base + address, {
  method, headers: { Authorization: authorization, "Content-Type": "application/json" }, body: body && JSON.stringify(body), cache: "no-store",
});

// How the push service reaches this browser, where the person allows it.
const trusted = window.trustedTypes
  ? trustedTypes.createPolicy("worker", { createScriptURL: url => { if (url !== worker) throw new TypeError(url); return url; } })
  : { createScriptURL: url => url };
const registered = "serviceWorker" in navigator ? navigator.serviceWorker.register(trusted.createScriptURL(worker), { scope: location.pathname }).catch(() => null) : Promise.resolve(null);
const canNotify = Boolean(serverKey && "PushManager" in window && "Notification" in window);
const bytesOf = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt());
const within = (ms, promise) => Promise.race([promise, new Promise((_, fail) => setTimeout(fail, ms, new Error("too late")))]);
const subscription = async () => {
  if (!canNotify || await Notification.requestPermission() !== "granted") return undefined;
  await registered;
  const registration = await within(5000, navigator.serviceWorker.ready);
  const made = await within(10000, registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(serverKey) }));
  return { service: "WEBPUSH", token: JSON.stringify(made) };
};
const credentials = () => subscription().catch(() => undefined);

// Setting this device up, by the ticket that stands behind the # of the address.
let ticket = location.hash.slice(1);
const spent = () => {
  ticket = "";
  history.replaceState(null, "", location.pathname);
};
const guessName = () => {
  const find = pattern => (pattern.exec(navigator.userAgent) || [""])[0];
  const data = navigator.userAgentData;
  const brand = data && data.brands.find(({ brand }) => !/Not|Chromium/.test(brand));
  const browser = brand ? brand.brand : find(/Firefox|Edg|Chrome|Safari/);
  const system = (data && data.platform) || find(/iPhone|iPad|Android|Windows|Mac OS|Linux/);
  return [browser, system].filter(Boolean).join(" · ") || app.dataset.name;
};
const pair = async name => {
  const pushed = await credentials();
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const identifier = crypto.randomUUID();
  const answer = await call("POST", "/enroll", `Ticket id="${ticket}"`, {
    identifier, name, push_credentials: pushed, public_key: { kty, crv, x, y, use: "sig", alg: "ES256" },
  });
  if (answer.status === 404) { spent(); return say("gone", "error"); }
  if (answer.status === 409) { spent(); return say("taken", "error"); }
  if (!answer.ok) return say("failed", "error");
  const about = await answer.json();
  const hash = { sha1: "SHA-1", sha256: "SHA-256", sha512: "SHA-512" }[about.totp.algorithm];
  await keep({
    id: about.id, userId: about.user_id, issuer: about.issuer, account: about.account, identifier, key: keys.privateKey, notified: Boolean(pushed),
    codes: { key: await crypto.subtle.importKey("raw", base32(about.totp.secret), { name: "HMAC", hash }, false, ["sign"]), digits: about.totp.digits, period: about.totp.period },
  });
  spent();
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
  say("paired");
};

// One-time codes (RFC 6238), for when the question does not come.
const base32 = text => {
  const bits = [...text].map(c => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g), b => parseInt(b, 2));
};
const codeNow = async ({ key, digits, period }) => {
  const step = new DataView(new ArrayBuffer(8));
  step.setBigUint64(0, BigInt(Math.floor(Date.now() / 1000 / period)));
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, step.buffer));
  const at = mac.getUint8(mac.byteLength - 1) & 15;
  return String((mac.getUint32(at) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
};

// The question that is shown, with its account.
let asked = null;
const ask = (account, question) => {
  if (asked && asked.question.txtkn === question.txtkn) return;
  asked = { account, question };
  const { s, application, address, number } = question;
  const source = s ? [[s.b.n, s.b.v.split(".")[0]].join(" ").trim(), [s.os.n, s.os.v].join(" ").trim()].filter(Boolean).join(" · ") : "";
  byId("q-application").textContent = application;
  byId("q-account").textContent = question.account;
  byId("q-source").textContent = source || "–";
  byId("q-address").textContent = address || "–";
  byId("q-time").textContent = new Intl.DateTimeFormat(lang, { timeStyle: "short" }).format(new Date(question.d));
  byId("q-time").dateTime = question.d;
  show("number-field", Boolean(number));
  byId("number").required = Boolean(number);
  byId("number").value = "";
  say();
  draw();
  byId(number ? "number" : "approve").focus();
};
const answer = async claims => {
  const { account, question } = asked;
  const response = await statement(account, 30, {
    iss: account.identifier, sub: question.c, aud: base + "/resolve-transaction", auth0_guardian_method: "push", ...claims,
  });
  const result = await call("POST", "/resolve-transaction", "Bearer " + question.txtkn, { challenge_response: response });
  asked = null;
  draw();
  const refused = result.ok ? {} : await result.json().catch(() => ({}));
  if (result.ok) return say(claims.auth0_guardian_accepted ? "approved" : claims.auth0_guardian_reason === "hack" ? "reported" : "denied", claims.auth0_guardian_accepted ? "good" : "warn");
  if (refused.errorCode === "invalid_number") return say("mismatched", "error");
  say(result.status === 404 || refused.errorCode === "transaction_expired" ? "late" : "failed", "error");
};

// What the page shows just now.
const draw = async () => {
  const list = await all();
  show("question", Boolean(asked));
  show("setup", Boolean(ticket) && !asked);
  show("idle", list.length > 0 && !asked && !ticket);
  show("empty", list.length === 0 && !ticket);
  const silent = list.some(account => !account.notified);
  show("silent", silent);
  show("notify", silent && canNotify && Notification.permission !== "denied");
  const shown = byId("accounts");
  shown.hidden = Boolean(asked) || Boolean(ticket);
  shown.replaceChildren(...list.map(account => {
    const item = byId("account").content.cloneNode(true).firstElementChild;
    item.querySelector("[data-issuer]").textContent = account.issuer;
    item.querySelector("[data-account]").textContent = account.account;
    item.querySelector("[data-remove]").addEventListener("click", () => remove(account));
    item.dataset.id = account.id;
    return item;
  }));
  tick();
};
const tick = async () => {
  for (const account of await all()) {
    const item = document.querySelector(`li[data-id="${account.id}"]`);
    if (!item) continue;
    const { period } = account.codes;
    item.querySelector("[data-code]").textContent = (await codeNow(account.codes)).replace(/(...)/, "$1 ");
    item.querySelector("[data-left]").textContent = period - Math.floor(Date.now() / 1000) % period + " s";
  }
};
const remove = async account => {
  const sure = byId("sure");
  sure.returnValue = "";
  sure.showModal();
  await new Promise(done => sure.addEventListener("close", done, { once: true }));
  if (sure.returnValue !== "yes") return;
  const gone = await call("DELETE", "/device-accounts/" + account.id, await bearer(account)).catch(() => null);
  if (!gone || !gone.ok && gone.status !== 404) return say("failed", "error");
  await forget(account.id);
  say("removed");
  draw();
};

// Looking whether something is asked: when told to, and every two seconds while the
// page is looked at.
const look = async () => {
  for (const account of await all()) {
    const result = await call("GET", `/device-accounts/${account.id}/question`, await bearer(account)).catch(() => null);
    if (!result) return say("offline", "warn");
    if (byId("message").dataset.id === "offline") say();
    if (result.status === 404) {
      await forget(account.id);
      say("removed", "warn");
      draw();
    }
    if (result.status === 200) return ask(account, await result.json());
    if (result.status === 204 && asked && asked.account.id === account.id) {
      asked = null;
      say("late", "warn");
      draw();
    }
  }
};
let looking = null;
const lookNow = () => looking || (looking = look().catch(() => {}).finally(() => { looking = null; }));

const busy = async (button, act) => {
  if (button.disabled) return;
  button.disabled = true;
  await act().catch(() => say("offline", "warn"));
  button.disabled = false;
};
byId("setup").addEventListener("submit", event => {
  event.preventDefault();
  busy(byId("pair"), async () => { await pair(byId("name").value); await draw(); });
});
byId("answer").addEventListener("submit", event => {
  event.preventDefault();
  busy(byId("approve"), () => answer({ auth0_guardian_accepted: true, number: byId("number").value }));
});
byId("deny").addEventListener("click", () => busy(byId("deny"), () => answer({ auth0_guardian_accepted: false, auth0_guardian_reason: "mistake" })));
byId("report").addEventListener("click", () => busy(byId("report"), () => answer({ auth0_guardian_accepted: false, auth0_guardian_reason: "hack" })));
byId("notify").addEventListener("click", () => busy(byId("notify"), async () => {
  const pushed = await credentials();
  if (!pushed) return say("failed", "error");
  for (const account of await all()) {
    const changed = await call("PATCH", "/device-accounts/" + account.id, await bearer(account), { push_credentials: pushed });
    if (changed.ok) await keep({ ...account, notified: true });
  }
  draw();
}));
addEventListener("hashchange", () => { ticket = location.hash.slice(1); say(); draw(); });
if ("serviceWorker" in navigator) navigator.serviceWorker.addEventListener("message", lookNow);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookNow());
setInterval(() => document.visibilityState === "visible" && lookNow(), 2000);
setInterval(() => document.visibilityState === "visible" && tick(), 1000);

app.hidden = false;
byId("name").value = guessName();
draw().then(lookNow);
