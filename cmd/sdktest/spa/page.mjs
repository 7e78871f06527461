// What every page has: the world that cmd/sdktest made, its desk, and stages that go on
// where a redirect left them.
import { reporter, sixDigits } from '/report.mjs';

export { fails, promised, want } from '/report.mjs';

const post = async (path, body) => {
  const res = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
  if (!res.ok) throw new Error(`${path}: ${await res.text()}`);
  return res;
};

export const { topic, works, differs, missing } = reporter((row) => post('/row', row));

export const world = await (await fetch('/world.json')).json();

// here is the address of this page, which is registered as one that answers may go to.
export const here = location.origin + location.pathname;

// is says who is at this browser from now on, by name.
export const is = (name) => post('/is', name);

// totp is a code of somebody's authenticator app.
export const totp = async (key) => (await (await post('/code', { totp: key })).json()).code;

// sent is the code in the next message to somebody.
export const sent = async (to) => sixDigits((await (await post('/sent', { to })).json()).text);

// never is for the end of a stage that left the page.
export const never = () => new Promise(() => {});

// stages runs functions one after the other. One that leaves the page is not repeated
// when the browser comes back. The title says how it ended.
export const stages = async (...all) => {
  try {
    for (let at = Number(sessionStorage.stage ?? 0); at < all.length; at += 1) {
      sessionStorage.stage = at + 1;
      await all[at](); // eslint-disable-line no-await-in-loop -- one after the other
    }
    document.title = 'done';
  } catch (err) {
    document.title = `failed: stage ${sessionStorage.stage}: ${err?.stack ?? JSON.stringify(err)}`;
  }
};
