// express-openid-connect: an application on Express, and somebody who uses it.
import express from 'express';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import oidc from 'express-openid-connect';
import { missing, topic, visit, want, works, world } from './program.mjs';

const { auth, claimEquals, requiresAuth } = oidc;
const { web } = world.clients;
const who = world.people.express;
const base = {
  issuerBaseURL: world.issuer, baseURL: world.web, clientID: web.client_id, clientSecret: web.client_secret,
  clientAuthMethod: 'client_secret_post', secret: 'a secret of this application alone', authRequired: false,
};
const code = { response_type: 'code', scope: 'openid profile email offline_access' };

let app;
const server = https.createServer({ cert: readFileSync(world.ca), key: readFileSync(world.key) }, (req, res) => app(req, res));
await new Promise((ready) => { server.listen(Number(new URL(world.web).port), 'localhost', ready); });

// serve makes the application anew, with these settings.
const serve = (settings) => {
  app = express();
  app.use(auth({ ...base, ...settings }));
  app.get('/', (req, res) => res.json({ signedIn: req.oidc.isAuthenticated(), user: req.oidc.user ?? null }));
  app.get('/mine', requiresAuth(), (req, res) => res.json(req.oidc.user));
  app.get('/ours', claimEquals('email', who.email), (req, res) => res.json(req.oidc.user));
  app.get('/theirs', claimEquals('email', 'somebody@else.example'), (req, res) => res.json('never'));
  app.get('/info', requiresAuth(), async (req, res) => res.json(await req.oidc.fetchUserInfo()));
  app.get('/refresh', requiresAuth(), async (req, res) => {
    const before = req.oidc.refreshToken;
    const { access_token: token } = await req.oidc.accessToken.refresh();
    res.json({ token, rotated: req.oidc.refreshToken !== before });
  });
  app.get('/enter', (req, res) => res.oidc.login({ returnTo: '/mine' }));
  app.get('/leave', (req, res) => res.oidc.logout({ returnTo: world.web }));
  app.use((err, req, res, next) => { // eslint-disable-line no-unused-vars -- Express counts the arguments
    res.status(err.statusCode ?? 500).json({ error: err.message });
  });
};

// open uses the application in the browser of that name.
const open = async (path, browser) => {
  const at = await visit(world.web + path, who, { browser });
  const body = at.page.startsWith('{') || at.page.startsWith('"') ? JSON.parse(at.page) : at.page;
  return { ...at, body };
};

topic('Sign-in');
serve({ authorizationParams: { ...code, response_mode: 'form_post' }, idpLogout: true });
await works('auth() with response_type code, form_post', async () => {
  const at = await open('/login', 'express');
  want(at.asked.join() === 'password,form_post' && at.body.signedIn, 'to be signed in', at);
});
await works('req.oidc.user', async () => {
  const at = await open('/', 'express');
  want(at.body.user.email === who.email, 'the claims of the ID token', at);
});
await works('requiresAuth()', async () => {
  const at = await open('/mine', 'a stranger to express');
  want(at.asked[0] === 'password' && at.body.email === who.email, 'a sign-in first', at);
});
await works('req.oidc.fetchUserInfo()', async () => {
  const at = await open('/info', 'express');
  want(at.body.email === who.email, 'UserInfo', at);
});
await works('req.oidc.accessToken.refresh()', async () => {
  const at = await open('/refresh', 'express');
  want(at.body.token && at.body.rotated, 'a token and a new refresh token', at);
});
await works('res.oidc.login()', async () => {
  const at = await open('/enter', 'express');
  want(at.asked.join() === 'form_post' && at.body.email === who.email, 'single sign-on', at);
});
await works('res.oidc.logout() with idpLogout', async () => {
  const at = await open('/leave', 'express');
  want(at.url.startsWith(world.web) && at.body.signedIn === false, 'to be back and signed out', at);
  const again = await open('/enter', 'express');
  want(again.asked[0] === 'password', 'a password after that', again);
});
serve({ authorizationParams: { ...code, response_mode: 'query' } });
await works('auth() with response_mode query', async () => {
  const at = await open('/login', 'express query');
  want(at.asked.join() === 'password' && at.body.signedIn, 'to be signed in', at);
});
serve({ authorizationParams: code, pushedAuthorizationRequests: true });
await works('auth() with pushedAuthorizationRequests', async () => {
  const at = await open('/login', 'express par');
  want(at.body.signedIn, 'to be signed in', at);
});
serve({ authorizationParams: code, attemptSilentLogin: true });
await works('attemptSilentLogin', async () => {
  const stranger = await open('/', 'nobody');
  want(stranger.body.signedIn === false && !stranger.asked.includes('password'), 'nobody, and no question', stranger);
  const known = await open('/', 'express par');
  want(known.body.signedIn, 'a silent sign-in', known);
});
serve({ authorizationParams: code, errorOnRequiredAuth: true });
await works('claimEquals()', async () => {
  const ours = await open('/ours', 'express par');
  want(ours.status === 200 && ours.body.email === who.email, 'the page', ours);
  const theirs = await open('/theirs', 'express par');
  want(theirs.status === 401, '401', theirs);
});
serve({ authorizationParams: code, idpLogout: true, auth0Logout: true });
await works('res.oidc.logout() with auth0Logout', async () => {
  await open('/enter', 'express v2');
  const at = await open('/leave', 'express v2');
  want(at.url.startsWith(world.web) && at.body.signedIn === false, 'to be back and signed out', at);
});
serve({});
await missing('auth() with response_type id_token', 400, 'no token goes through the browser: set authorizationParams.response_type to code', async () => {
  const at = await open('/login', 'express implicit');
  if (!at.body.signedIn) throw Object.assign(new Error('not signed in'), { status: at.status });
});
server.closeAllConnections();
server.close();
