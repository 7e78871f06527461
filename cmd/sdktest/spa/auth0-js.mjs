// auth0-js: the older SDK for applications in the browser.
import { here, is, missing, never, promised, stages, topic, want, works, world } from '/page.mjs';

const connection = 'Username-Password-Authentication';
const who = world.people.js;
const web = new window.auth0.WebAuth({
  domain: world.domain, clientID: world.clients.spa.client_id, redirectUri: here, responseType: 'code', scope: 'openid profile email',
});

// auth0-js leaves PKCE to the application.
const challenge = async (verifier) => {
  const sum = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(sum))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
};
const verifier = 'the-verifier-of-a-test-that-is-long-enough-for-rfc-7636';
const pkce = { code_challenge: await challenge(verifier), code_challenge_method: 'S256' };

let tokens;

topic('Authentication');
await stages(
  async () => {
    await is('js');
    web.authorize({ state: 'a-state', ...pkce });
    await never();
  },
  async () => {
    const answer = new URLSearchParams(location.search);
    await works('WebAuth.authorize', async () => want(answer.get('code') && answer.get('state') === 'a-state', 'a code', location.search));
    tokens = await works('client.oauthToken', async () => {
      const found = await promised((done) => { web.client.oauthToken({ grantType: 'authorization_code', code: answer.get('code'), redirectUri: here, codeVerifier: verifier }, done); });
      want(found.accessToken && found.idToken, 'tokens', found);
      return found;
    });
    await works('client.userInfo', async () => {
      const info = await promised((done) => { web.client.userInfo(tokens.accessToken, done); });
      want(info.email === who.email && info.sub, 'who signed in', info);
    });
    await works('WebAuth.validateToken', () => promised((done) => { web.validateToken(tokens.idToken, undefined, done); }));
    const implicit = 'no token goes through the address bar: ask for a code, with PKCE';
    await missing('WebAuth.checkSession', 'invalid_request', implicit, () => promised((done) => { web.checkSession({ responseType: 'token id_token', nonce: 'a-nonce', timeout: 15000 }, done); }));
    await missing('WebAuth.parseHash', 'nothing', implicit, async () => {
      const found = await promised((done) => { web.parseHash({ hash: `#${answer}` }, done); });
      if (!found) throw Object.assign(new Error('no answer in the address bar'), { code: 'nothing' });
    });
    const secret = 'the password grant is for clients with a secret, which a page cannot keep';
    await missing('client.loginWithDefaultDirectory', 403, secret, () =>
      promised((done) => { web.client.loginWithDefaultDirectory({ username: who.username, password: who.password, scope: 'openid' }, done); }));
    await missing('client.login', 403, secret, () =>
      promised((done) => { web.client.login({ realm: connection, username: who.username, password: who.password, scope: 'openid' }, done); }));
    await works('WebAuth.signup', () =>
      promised((done) => { web.signup({ connection, email: 'new-js@sdktest.example', password: 'a long and new password' }, done); }));
    await works('WebAuth.changePassword', () => promised((done) => { web.changePassword({ connection, email: who.email }, done); }));
    const passwordless = 'nobody signs in by a code alone: a code that was sent is a second factor here';
    await missing('WebAuth.passwordlessStart', null, passwordless, () => promised((done) => { web.passwordlessStart({ connection: 'email', send: 'code', email: who.email }, done); }));
    await missing('WebAuth.passwordlessLogin', 'request_error', passwordless, () => promised((done) => { web.passwordlessLogin({ connection: 'email', email: who.email, verificationCode: '123456' }, done); }));
    await missing('WebAuth.login', 'request_error', 'people give their password to our pages only (no cross-origin authentication)', () =>
      promised((done) => { web.login({ realm: connection, username: who.username, password: who.password }, done); }));
    await missing('client.getSSOData', 'invalid_request', 'nobody is told from outside who has a session: use checkSession', () => promised((done) => { web.client.getSSOData(done); }));
  },
  async () => {
    web.logout({ clientID: world.clients.spa.client_id, returnTo: here });
    await never();
  },
  async () => {
    web.authorize({ prompt: 'none', ...pkce });
    await never();
  },
  async () => {
    await works('WebAuth.logout', async () => want(new URLSearchParams(location.search).get('error') === 'login_required', 'login_required', location.search));
  },
);
