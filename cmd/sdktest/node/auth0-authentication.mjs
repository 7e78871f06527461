// The AuthenticationClient of auth0/legacy.
import { AuthenticationClient } from 'auth0/legacy';
import { authorize, connection, differs, fails, missing, topic, want, works, world } from './program.mjs';

const who = world.people.node;
const { web, machine } = world.clients;
const as = ({ client_id: clientId, client_secret: clientSecret }) => new AuthenticationClient({ domain: world.domain, clientId, clientSecret });

export const authentication = async () => {
  topic('Authentication');
  const client = as(web);
  const redirect_uri = `${world.web}/callback`;
  const code = async (more) => (await authorize(who, { client_id: web.client_id, scope: 'openid profile email offline_access', ...more })).get('code');

  const tokens = await works('oauth.authorizationCodeGrant', async () => {
    const { data } = await client.oauth.authorizationCodeGrant({ code: await code({ nonce: 'n-1' }), redirect_uri }, { idTokenValidateOptions: { nonce: 'n-1' } });
    want(data.refresh_token && data.id_token, 'tokens', data);
    return data;
  });
  await works('oauth.authorizationCodeGrantWithPKCE', async () => {
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    await client.oauth.authorizationCodeGrantWithPKCE({ code: await code(pkce), code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', redirect_uri });
  });
  await differs('oauth.clientCredentialsGrant', '`sub` is the client_id, with no `@clients` behind it', async () => {
    const { data } = await as(machine).oauth.clientCredentialsGrant({ audience: world.api });
    const { sub } = JSON.parse(Buffer.from(data.access_token.split('.')[1], 'base64url').toString());
    want(sub === machine.client_id, 'a token for the client', sub);
  });
  await works('oauth.pushedAuthorization', async () => {
    const { data } = await client.oauth.pushedAuthorization({ client_id: web.client_id, response_type: 'code', redirect_uri, scope: 'openid' });
    await authorize(who, { client_id: web.client_id, request_uri: data.request_uri });
  });
  await works('oauth.passwordGrant', async () => {
    const { data } = await client.oauth.passwordGrant({ username: who.email, password: who.password, realm: connection, scope: 'openid' });
    want(data.id_token, 'an ID token', data);
    const wrong = await fails(() => client.oauth.passwordGrant({ username: who.email, password: 'wrong' }));
    want(wrong.error === 'invalid_grant', 'invalid_grant for a wrong password', wrong);
  });
  await works('oauth.refreshTokenGrant', async () => {
    const { data } = await client.oauth.refreshTokenGrant({ refresh_token: tokens.refresh_token });
    want(data.refresh_token !== tokens.refresh_token, 'the next refresh token', data);
    tokens.refresh_token = data.refresh_token;
  });
  await works('oauth.revokeRefreshToken', async () => {
    await client.oauth.revokeRefreshToken({ token: tokens.refresh_token });
    await fails(() => client.oauth.refreshTokenGrant({ refresh_token: tokens.refresh_token }));
  });
  await works('database.signUp', async () => {
    const { data } = await client.database.signUp({ connection, email: 'new-node@sdktest.example', password: 'a long and new password' });
    want(data.email === 'new-node@sdktest.example', 'an account', data);
  });
  await works('database.changePassword', () => client.database.changePassword({ connection, email: who.email }));
  const passwordless = 'nobody signs in by a code alone: a code that was sent is a second factor here';
  await missing('passwordless.sendEmail', 404, passwordless, () => client.passwordless.sendEmail({ email: who.email, send: 'code' }));
  await missing('passwordless.sendSMS', 404, passwordless, () => client.passwordless.sendSMS({ phone_number: '+15005550014' }));
  await missing('passwordless.loginWithEmail', 400, passwordless, () => client.passwordless.loginWithEmail({ email: who.email, code: '123456' }));
  await missing('passwordless.loginWithSMS', 400, passwordless, () => client.passwordless.loginWithSMS({ phone_number: '+15005550014', code: '123456' }));
  await missing('backchannel.authorize', 404, 'there is no backchannel authentication (CIBA)', () =>
    client.backchannel.authorize({ userId: 'usr_nobody', binding_message: 'ABC', scope: 'openid' }));
  await missing('tokenExchange.exchangeToken', 400, 'there is no token exchange', () =>
    client.tokenExchange.exchangeToken({ subject_token: 'x', subject_token_type: 'urn:example:token', audience: world.api }));
  await missing('oauth.tokenForConnection', 400, 'there are no connections to other providers', () =>
    client.oauth.tokenForConnection({ client_id: web.client_id, connection: 'google-oauth2', subject_token: tokens.refresh_token, subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }));
};
