// What every program for Node.js has: the world that cmd/sdktest made, and its desk.
import { readFileSync } from 'node:fs';
import { reporter, sixDigits, want } from './report.mjs';

export { answerOf, fails, promised, want } from './report.mjs';
export const { topic, works, differs, missing, untried } = reporter((row) => console.log(JSON.stringify(row)));

export const connection = 'Username-Password-Authentication';

export const world = JSON.parse(readFileSync(process.env.SDKTEST_WORLD, 'utf8'));

const desk = async (what, body) => {
  const res = await fetch(world.desk + what, { method: 'POST', body: JSON.stringify(body) });
  if (!res.ok) throw new Error(`desk: ${what}: ${await res.text()}`);
  return res.json();
};

// visit opens an address in the browser of that name, and signs in where it is asked.
export const visit = (url, who, more = {}) => desk('visit', { url, ...who, ...more });

// authorize sends somebody to /authorize and gives the parameters of the answer.
export const authorize = async (who, params) => {
  const home = `${world.web}/callback`;
  const query = new URLSearchParams(params.request_uri ? params : { response_type: 'code', redirect_uri: home, ...params });
  const at = await visit(`${world.issuer}authorize?${query}`, who, { until: home });
  const answer = new URL(at.url).searchParams;
  want(answer.get('code'), 'a code', at);
  return answer;
};

// totp is a code of somebody's authenticator app.
export const totp = async (key) => (await desk('code', { totp: key })).code;

// sent is the code in the next message to somebody.
export const sent = async (to) => sixDigits((await desk('sent', { to })).text);
