// What is absent of the Management API, and the methods that have no step of their own.
import { answerOf, differs, missing, topic, untried as unasked, want, works } from './program.mjs';

// absent reports whether an error is the product's answer for addresses that it does not
// have: all others are Auth0's, which have a statusCode.
const absent = (err) => [404, 405].includes(err?.statusCode) && !JSON.stringify(err.body ?? '').includes('statusCode');

// swallowed are calls to what is absent, and looks to the product like something that has
// a name: it finds fault with the rest of the address.
const swallowed = new Set(['organizations.clients.list', 'organizations.connections.list', 'organizations.discoveryDomains.list', 'organizations.groups.list',
  'organizations.organizationTemplate.get', 'organizations.search', 'resourceServers.search']);

const called = new Set();

const whys = {
  anomaly: 'addresses are slowed down, never blocked', customDomains: 'the issuer is the one address', hooks: 'Auth0 has ended hooks; use actions',
  forms: 'there are no forms', flows: 'there are no flows', eventStreams: 'use a log stream', events: 'use a log stream',
  tokenExchangeProfiles: 'there is no token exchange', networkAcls: 'use a rule, or your proxy',
  selfServiceProfiles: 'there are no enterprise connections', userAttributeProfiles: 'there are no enterprise connections',
  connectionProfiles: 'there are no enterprise connections', verifiableCredentials: 'there are no verifiable credentials',
  deviceCredentials: 'devices are a person\'s authentication methods',
};

const why = (call) => whys[call.split('.')[0]] ?? 'there is no such endpoint';

// step is a call that has to succeed. One to an address that the product does not have is
// missing; that it once was there is what the table remembers. how says how its answer
// differs from Auth0's, where it does.
export const step = async (call, run, how) => {
  topic(call.split('.')[0]);
  called.add(call.split(' ')[0]);
  let found;
  let error;
  try {
    found = await run();
  } catch (err) {
    error = err;
  }
  if (absent(error) || (error?.statusCode < 500 && swallowed.has(call))) return missing(call, answerOf(error), why(call), () => Promise.reject(error));
  const outcome = () => {
    if (error) throw error;
    return found;
  };
  return how ? differs(call, how, outcome) : works(call, outcome);
};

// refused is a call to what the product has, and never does, for this reason.
export const refused = (call, reason, run) => {
  topic(call.split('.')[0]);
  called.add(call);
  return missing(call, 'operation_not_supported', reason, run);
};

// untried is a call that needs what we do not have.
export const untried = (call, reason) => {
  topic(call.split('.')[0]);
  called.add(call);
  return unasked(call, reason);
};

// methods are all of the SDK, by path.
const methods = (of, path = '', all = []) => {
  const names = new Set();
  for (let at = of; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) Object.getOwnPropertyNames(at).forEach((name) => names.add(name));
  for (const name of names) {
    if (name.startsWith('_') || name === 'constructor' || name === 'fetch') continue;
    const one = of[name];
    if (typeof one === 'function') all.push({ call: path + name, of, name });
    else if (one?.constructor?.name?.endsWith('Client')) methods(one, `${path}${name}.`, all);
  }
  return all;
};

// rest calls the methods without a step, with arguments that mean nothing.
export const rest = async (management) => {
  for (const { call, of, name } of methods(management)) {
    if (!called.has(call)) {
      // eslint-disable-next-line no-await-in-loop -- one after the other
      await step(call, async () => {
        const words = Array.from({ length: Math.max(of[name].length, 1) }, () => 'nothing');
        await of[name](...words.slice(0, -1), {}, { maxRetries: 0 }).catch((err) => { if (absent(err) || swallowed.has(call)) throw err; want(false, 'a step of this program', err.message); });
        want(false, 'a step of this program', 'none');
      });
    }
  }
};
