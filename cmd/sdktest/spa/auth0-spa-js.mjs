// auth0-spa-js: an application in the browser.
import { fails, here, is, never, sent, stages, topic, totp, want, works, world } from '/page.mjs';

const { createAuth0Client, Auth0Client } = window.auth0;
const settings = {
  domain: world.domain, clientId: world.clients.spa.client_id, authorizeTimeoutInSeconds: 15,
  authorizationParams: { redirect_uri: here, audience: world.api, scope: 'openid profile email read' },
};
// A rule asks for a second factor where this client refreshes.
const stepup = { ...settings, clientId: world.clients.stepup.client_id, useRefreshTokens: true };
const rotating = { ...settings, useRefreshTokens: true, cacheLocation: 'localstorage' };
const who = world.people.spa;

let client;

topic('Sign-in');
await stages(
  async () => {
    client = await works('createAuth0Client', () => createAuth0Client(rotating));
    await is('spa');
    await client.loginWithRedirect({ appState: { from: 'here' } });
    await never();
  },
  async () => {
    client = new Auth0Client(rotating);
    await works('loginWithRedirect', async () => want(new URLSearchParams(location.search).get('code'), 'a code', location.search));
    await works('handleRedirectCallback', async () => {
      const { appState } = await client.handleRedirectCallback();
      want(appState.from === 'here', 'the state of the application', appState);
    });
    await works('isAuthenticated', async () => want(await client.isAuthenticated(), 'true', false));
    await works('getUser', async () => {
      const user = await client.getUser();
      want(user.email === who.email, 'who signed in', user);
    });
    await works('getIdTokenClaims', async () => {
      const claims = await client.getIdTokenClaims();
      want(claims.__raw && claims.sub, 'the ID token', claims);
    });
  },
  async () => {
    const refreshToken = () => JSON.parse(Object.entries(localStorage).find(([key]) => key.includes('@@auth0spajs@@') && key.includes('read'))[1]).body.refresh_token;
    await works('getTokenSilently from the cache', async () => {
      const one = await client.getTokenSilently();
      want(one === await client.getTokenSilently(), 'the same token', one);
    });
    await works('getTokenSilently with rotation of refresh tokens', async () => {
      const seen = new Set([refreshToken()]);
      for (const round of [1, 2]) {
        const { access_token: token } = await client.getTokenSilently({ cacheMode: 'off', detailedResponse: true });
        want(token.split('.').length === 3, 'a JWT', token);
        seen.add(refreshToken());
        want(seen.size === round + 1, 'another refresh token each time', [...seen]);
      }
    });
    await works('getTokenSilently in a worker (memory, rotation)', async () => {
      const hidden = new Auth0Client({ ...settings, useRefreshTokens: true, useRefreshTokensFallback: true });
      want(await hidden.getTokenSilently(), 'a token', undefined);
      want(await hidden.getTokenSilently({ cacheMode: 'off' }), 'another token', undefined);
    });
    await works('getTokenSilently in a frame (web_message)', async () => {
      const silent = new Auth0Client(settings);
      want(await silent.getTokenSilently({ cacheMode: 'off' }), 'a token', undefined);
      want((await silent.getUser()).email === who.email, 'who signed in', await silent.getUser());
    });
    await works('checkSession', async () => {
      const silent = new Auth0Client(settings);
      await silent.checkSession();
      want(await silent.isAuthenticated(), 'to be signed in', false);
    });
    await works('loginWithPopup', async () => {
      const popup = new Auth0Client(settings);
      await popup.loginWithPopup({}, { timeoutInSeconds: 15 });
      want((await popup.getUser()).email === who.email, 'who signed in', await popup.getUser());
    });
    await works('getTokenWithPopup', async () => {
      want(await new Auth0Client(settings).getTokenWithPopup({}, { timeoutInSeconds: 15 }), 'a token', undefined);
    });
    await works('createFetcher', async () => {
      const res = await client.createFetcher({ getAccessToken: () => client.getTokenSilently() }).fetchWithAuth(`${location.origin}/echo`);
      want((await res.text()).startsWith('Bearer ey'), 'the token at the API', res.status);
    });
    await works('revokeRefreshToken', async () => {
      const revoked = refreshToken();
      await client.revokeRefreshToken();
      const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: settings.clientId, refresh_token: revoked });
      want(!(await fetch(`${world.issuer}oauth/token`, { method: 'POST', body })).ok, 'it to be refused', revoked);
    });
  },
  async () => {
    topic('MFA client');
    client = new Auth0Client(stepup);
    await client.loginWithPopup({}, { timeoutInSeconds: 15 });
    const due = await works('getTokenSilently with mfa_required', async () => {
      const error = await fails(() => client.getTokenSilently({ cacheMode: 'off' }));
      want(error.error === 'mfa_required' && error.mfa_token && error.mfa_requirements.enroll, 'MfaRequiredError', error);
      return error;
    });
    const mfaToken = due.mfa_token;
    await works('mfa.getEnrollmentFactors', async () => {
      const types = (await client.mfa.getEnrollmentFactors(mfaToken)).map((one) => one.type);
      want(types.includes('otp') && types.includes('phone'), 'otp and phone', types);
    });
    await works('mfa.enroll (sms)', async () => {
      const found = await client.mfa.enroll({ mfaToken, factorType: 'sms', phoneNumber: '+15005550011' });
      want(found.oobCode && found.bindingMethod === 'prompt', 'a challenge', found);
      await sent('+15005550011');
    });
    const app = await works('mfa.enroll (otp)', async () => {
      const found = await client.mfa.enroll({ mfaToken, factorType: 'otp' });
      want(found.secret && found.barcodeUri.startsWith('otpauth://totp/'), 'a key', found);
      return found;
    });
    await works('mfa.verify (otp, enrolling)', async () => {
      const found = await client.mfa.verify({ mfaToken, otp: await totp(app.secret) });
      want(found.access_token && found.id_token, 'tokens', found);
      want((await client.getTokenSilently()) === found.access_token, 'the token in the cache', found);
    });
    topic('Sign-in');
    client = new Auth0Client(rotating);
    await client.logout({ logoutParams: { returnTo: here } });
    await never();
  },
  async () => {
    await works('logout', async () => {
      client = new Auth0Client(rotating);
      want(!(await client.isAuthenticated()), 'nobody', await client.getUser());
      let error;
      try { await new Auth0Client(settings).getTokenSilently(); } catch (err) { error = err; }
      want(error?.error === 'login_required', 'login_required in a frame', error);
    });
  },
  async () => {
    client = new Auth0Client({ ...stepup, cacheLocation: 'localstorage' });
    await is('spa-mfa');
    await client.loginWithRedirect();
    await never();
  },
  async () => {
    topic('MFA client');
    client = new Auth0Client({ ...stepup, cacheLocation: 'localstorage' });
    await client.handleRedirectCallback();
    const { mfa_token: mfaToken } = await fails(() => client.getTokenSilently({ cacheMode: 'off' }));
    const app = await works('mfa.getAuthenticators', async () => {
      const found = await client.mfa.getAuthenticators(mfaToken);
      const one = found.find(({ authenticatorType, active }) => authenticatorType === 'otp' && active);
      want(one, 'the app', found);
      return one;
    });
    await works('mfa.challenge', async () => {
      const found = await client.mfa.challenge({ mfaToken, challengeType: 'otp', authenticatorId: app.id });
      want(found.challengeType === 'otp', 'otp', found);
    });
    await works('mfa.verify (otp)', async () => {
      const wrong = await fails(() => client.mfa.verify({ mfaToken, otp: '000000' }));
      want(wrong.error === 'invalid_grant', 'invalid_grant for a wrong code', wrong);
      const found = await client.mfa.verify({ mfaToken, otp: await totp(world.people['spa-mfa'].totp) });
      want(found.access_token, 'tokens', found);
    });
  },
);
