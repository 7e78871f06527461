// Comfort for the pages of a sign-in. Each of them works without this file; what only
// works with it is hidden until now. No HTML is made here (Trusted Types).
"use strict";
const each = (css, act) => document.querySelectorAll(css).forEach(act);
const byId = id => document.getElementById(id);
const lang = document.documentElement.lang;

each("[data-js]", el => { el.hidden = false; });
each("[data-nojs]", el => { el.hidden = true; });

each("[data-show]", button => {
  const field = byId(button.dataset.show);
  const show = on => {
    field.type = on ? "text" : "password";
    button.setAttribute("aria-pressed", on);
  };
  button.addEventListener("click", () => { show(field.type === "password"); field.focus(); });
  field.form.addEventListener("submit", () => show(false)); // or browsers remember it as text
});

// A code: digits only, whatever was pasted, and sent by itself, once, unless there is
// something to decide below it.
each("[data-digits]", field => {
  const full = Number(field.dataset.digits);
  let sent = Boolean(byId("remember"));
  if (sent) byId("code-hint").hidden = true;
  field.addEventListener("input", () => {
    const digits = field.value.replace(/[\u0660-\u0669\u06F0-\u06F9]/g, d => d.charCodeAt() & 15);
    field.value = digits.replace(/\D/g, "").slice(0, full);
    if (field.value.length === full && !sent) {
      sent = true;
      field.form.requestSubmit(byId("continue"));
    }
  });
});

// Passkeys and security keys. On a page of their own they are asked for by a button; on
// the sign-in page also by the browser itself, among the names it remembers.
const keys = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON ? PublicKeyCredential : null;
let waiting; // for a choice among the remembered names
each("form[data-key]", form => {
  const { key, create, offer } = form.dataset;
  const button = form.querySelector("[data-start]");
  if (!keys) return offer === undefined && document.querySelector("[data-failed]").removeAttribute("hidden");
  const ask = async mediation => {
    const options = JSON.parse(key);
    const signal = (waiting = new AbortController()).signal;
    const credential = create
      ? await navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options), signal })
      : await navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options), signal, mediation });
    form.elements.credential.value = JSON.stringify(credential);
    form.requestSubmit();
  };
  form.hidden = false;
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    if (waiting) waiting.abort();
    button.setAttribute("aria-busy", "true");
    each("[data-failed]", el => { el.hidden = true; });
    await ask().catch(() => {
      button.removeAttribute("aria-busy");
      each("[data-failed]", el => { el.hidden = false; });
    });
  });
  if (offer !== undefined && keys.isConditionalMediationAvailable) {
    keys.isConditionalMediationAvailable().then(can => can && ask("conditional").catch(() => {}));
  }
});
// Whether this device has a lock to ask: then it can be set up in passing.
if (keys) keys.isUserVerifyingPlatformAuthenticatorAvailable().then(can => can && each("form[data-platform]", form => {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "platform", value: "1" });
  form.append(field);
}));

// A form on its way: the button says so, a second press does nothing.
each("form", form => form.addEventListener("submit", event => {
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  const button = event.submitter;
  if (!button) return;
  button.setAttribute("aria-busy", "true");
  if (button.dataset.busy) {
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
  }
}));
addEventListener("pageshow", event => event.persisted && each("form", form => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach(button => {
    button.removeAttribute("aria-busy");
    if (button.dataset.idle) button.textContent = button.dataset.idle;
  });
}));

// Moments in the reader's own time zone, counting down; read out every 10 seconds at
// most.
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const clock = new Intl.DateTimeFormat([], { hour: "numeric", minute: "2-digit" });
each("time[data-left]", el => {
  const end = Date.now() + el.dataset.left * 1000;
  if (el.dataset.left > 86400 || Date.now() - Date.parse(el.dateTime) > 60000) return;
  el.setAttribute("aria-live", "polite");
  const tick = () => {
    const left = Math.max(0, (end - Date.now()) / 1000);
    const [amount, unit] = left > 5400 ? [left / 3600, "hour"] : left > 60 ? [left / 60, "minute"] : [Math.ceil(left / 10) * 10, "second"];
    const text = relative.format(Math.ceil(amount), unit) + " (" + clock.format(Date.parse(el.dateTime)) + ")";
    if (el.textContent !== text) el.textContent = text;
    if (left > 0) return setTimeout(tick, 1000);
    if (el.closest("[data-reload]")) setTimeout(() => location.reload(), 2000);
  };
  tick();
});
each("button[data-wait]", button => {
  const end = Date.now() + button.dataset.wait * 1000;
  const idle = button.textContent;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? button.dataset.waiting.replace("{s}", left) : idle;
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
});

// A page that waits for something outside asks whether it has come, for as long as it
// is looked at.
each("[data-watch]", el => {
  const { watch, every = 1500 } = el.dataset;
  const end = Date.now() + 600000;
  const ask = async () => {
    if (document.visibilityState === "visible" && !document.querySelector("[data-sent]")) {
      const answer = await fetch(watch, { headers: { Accept: "application/json" } }).then(r => r.ok ? r.json() : {}, () => ({}));
      if (document.querySelector("[data-sent]")) return;
      if (answer.submit) return el.requestSubmit(byId("continue"));
      if (answer.reload && !(byId("code") && byId("code").value)) return location.reload(); // not while somebody types
    }
    if (Date.now() < end) setTimeout(ask, every);
  };
  setTimeout(ask, every);
});

// Taking a key or recovery codes along.
each("[data-copy]", button => button.addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId(button.dataset.copy).dataset.text.trim());
  const label = button.querySelector("span");
  const idle = label.textContent;
  label.textContent = button.dataset.done;
  setTimeout(() => { label.textContent = idle; }, 2000);
}));
each("[data-download]", button => button.addEventListener("click", () => {
  const { download, head, name } = button.dataset;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([head, "\n\n", byId(download).dataset.text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}));
each("[data-print]", button => button.addEventListener("click", () => print()));
