// Users, clients, APIs, connections, roles and organizations.
import { refused, step } from './auth0-rest.mjs';
import { connection, want, world } from './program.mjs';

const count = (page) => (Array.isArray(page) ? page : page.data ?? []).length;

const somebody = (m, name) => m.users.create({ connection, email: `${name}@walk.example`, password: 'Passwords hide their chuck', email_verified: true, app_metadata: { plan: 'gold' } });

const users = async (m) => {
  const email = 'node-user@walk.example';
  const user = await step('users.create', async () => {
    const made = await somebody(m, 'node-user');
    want(made.user_id.startsWith('usr_'), 'an id of ours', made);
    return made;
  }, 'a new user_id is `usr_…`, with no `auth0|` before it; imported ones keep theirs');
  const id = user?.user_id;
  await step('users.get', async () => want((await m.users.get(id)).email === email, email, id));
  await step('users.update', () => m.users.update(id, { nickname: 'No', app_metadata: { plan: 'silver' } }));
  await step('users.list', async () => want(count(await m.users.list({ per_page: 1 })) === 1, 'one', ''));
  await step('users.list (q)', async () => want(count(await m.users.list({ q: `email:"${email}"` })) === 1, 'one', email));
  await step('users.listUsersByEmail', async () => want((await m.users.listUsersByEmail({ email })).length === 1, 'one', email));
  await step('userBlocks.list', () => m.userBlocks.list(id));
  await step('userBlocks.listByIdentifier', () => m.userBlocks.listByIdentifier({ identifier: email }));
  await step('userBlocks.delete', () => m.userBlocks.delete(id));
  await step('userBlocks.deleteByIdentifier', () => m.userBlocks.deleteByIdentifier({ identifier: email }));
  const phone = await step('users.authenticationMethods.create', () => m.users.authenticationMethods.create(id, { type: 'phone', phone_number: '+15005550015', preferred_authentication_method: 'sms' }));
  await step('users.authenticationMethods.list', async () => want(count(await m.users.authenticationMethods.list(id)) > 0, 'a phone', ''));
  await step('users.authenticationMethods.get', () => m.users.authenticationMethods.get(id, phone?.id));
  await step('users.authenticationMethods.update', () => m.users.authenticationMethods.update(id, phone?.id, { preferred_authentication_method: 'sms' }));
  await step('users.enrollments.get', () => m.users.enrollments.get(id));
  await step('users.authenticationMethods.delete', () => m.users.authenticationMethods.delete(id, phone?.id));
  await step('users.authenticationMethods.set', () => m.users.authenticationMethods.set(id, [{ type: 'totp', totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }]));
  await step('users.regenerateRecoveryCode', async () => want((await m.users.regenerateRecoveryCode(id)).recovery_code.length === 24, '24 letters', ''));
  await step('users.multifactor.invalidateRememberBrowser', () => m.users.multifactor.invalidateRememberBrowser(id));
  await step('users.multifactor.deleteProvider', () => m.users.multifactor.deleteProvider(id, 'google-authenticator'));
  await step('users.riskAssessments.clear', () => m.users.riskAssessments.clear(id, { connection, assessors: ['new-device'] }));
  await step('users.authenticationMethods.deleteAll', () => m.users.authenticationMethods.deleteAll(id));
  await step('users.authenticators.deleteAll', () => m.users.authenticators.deleteAll(id));
  await step('users.logs.list', () => m.users.logs.list(id));
  await step('users.sessions.list', () => m.users.sessions.list(id));
  await step('users.sessions.delete', () => m.users.sessions.delete(id));
  await step('users.refreshToken.list', () => m.users.refreshToken.list(id));
  await step('users.refreshToken.delete', () => m.users.refreshToken.delete(id));
  await step('users.organizations.list', () => m.users.organizations.list(id));
  await step('users.permissions.list', () => m.users.permissions.list(id));
  await step('users.delete', () => m.users.delete(id));
};

const clients = async (m) => {
  const identifier = 'https://node.walk.example/';
  const api = await step('resourceServers.create', () => m.resourceServers.create({ name: 'Walk', identifier, scopes: [{ value: 'read', description: 'Read' }] }));
  await step('resourceServers.get', async () => want((await m.resourceServers.get(api?.id)).identifier === identifier, identifier, ''));
  await step('resourceServers.update', () => m.resourceServers.update(api?.id, { token_lifetime: 600 }));
  await step('resourceServers.list', () => m.resourceServers.list());
  const client = await step('clients.create', () => m.clients.create({ name: 'Walk', app_type: 'regular_web', callbacks: ['https://walk.example/callback'], grant_types: ['authorization_code', 'client_credentials'] }));
  const id = client?.client_id;
  await step('clients.get', async () => want((await m.clients.get(id)).name === 'Walk', 'its name', id));
  await step('clients.update', () => m.clients.update(id, { name: 'Walked' }));
  await step('clients.list', async () => want(count(await m.clients.list({ per_page: 2 })) === 2, 'two', ''));
  await step('clients.rotateSecret', async () => want((await m.clients.rotateSecret(id)).client_secret !== client?.client_secret, 'another secret', ''));
  await step('clients.connections.get', () => m.clients.connections.get(id));
  const grant = await step('clientGrants.create', () => m.clientGrants.create({ client_id: id, audience: identifier, scope: ['read'] }));
  await step('clientGrants.get', () => m.clientGrants.get(grant?.id));
  await step('clientGrants.update', () => m.clientGrants.update(grant?.id, { scope: [] }));
  await step('clientGrants.list', async () => want(count(await m.clientGrants.list({ client_id: id })) === 1, 'one', ''));
  await step('clientGrants.delete', () => m.clientGrants.delete(grant?.id));
  await step('clients.delete', () => m.clients.delete(id));
  await step('resourceServers.delete', () => m.resourceServers.delete(api?.id));
};

const connections = async (m) => {
  const all = await step('connections.list', async () => {
    const page = await m.connections.list();
    want(count(page) === 1, 'one', page);
    return page.data;
  });
  const id = all?.[0]?.id;
  await step('connections.get', async () => want((await m.connections.get(id)).name === connection, connection, id));
  await refused('connections.update', 'the register has no settings of its own; rules of passwords are in the configuration', () => m.connections.update(id, { display_name: 'People' }));
  const enabled = await step('connections.clients.get', async () => (await m.connections.clients.get(id)).data);
  await step('connections.clients.update', () => m.connections.clients.update(id, [{ client_id: enabled?.[0]?.client_id, status: true }]));
  await step('connections.users.deleteByEmail', async () => {
    const { email } = await somebody(m, 'node-by-email');
    await m.connections.users.deleteByEmail(id, { email });
    want((await m.users.listUsersByEmail({ email })).length === 0, 'nobody', email);
  });
  const one = 'there is one connection, the database of people, and every client has it';
  await refused('connections.create', one, () => m.connections.create({ name: 'Another', strategy: 'auth0' }));
  await refused('connections.delete', one, () => m.connections.delete(id));
};

const roles = async (m) => {
  const user = await somebody(m, 'node-role').catch(() => ({ user_id: 'usr_nobody' }));
  const role = await step('roles.create', () => m.roles.create({ name: 'Node', description: 'Walks' }));
  const id = role?.id;
  const permissions = [{ resource_server_identifier: world.api, permission_name: 'read' }];
  await step('roles.get', async () => want((await m.roles.get(id)).name === 'Node', 'its name', id));
  await step('roles.update', () => m.roles.update(id, { description: 'Walks on' }));
  await step('roles.list', () => m.roles.list());
  await step('roles.users.assign', () => m.roles.users.assign(id, { users: [user.user_id] }));
  await step('roles.users.list', async () => want(count(await m.roles.users.list(id)) === 1, 'one', ''));
  await step('users.roles.list', async () => want(count(await m.users.roles.list(user.user_id)) === 1, 'one', ''));
  await step('users.roles.delete', () => m.users.roles.delete(user.user_id, { roles: [id] }));
  await step('users.roles.assign', () => m.users.roles.assign(user.user_id, { roles: [id] }));
  await step('roles.permissions.add', () => m.roles.permissions.add(id, { permissions }));
  await step('roles.permissions.list', async () => want(count(await m.roles.permissions.list(id)) === 1, 'one', ''));
  await step('roles.permissions.delete', () => m.roles.permissions.delete(id, { permissions }));
  await step('users.permissions.create', () => m.users.permissions.create(user.user_id, { permissions }));
  await step('users.permissions.delete', () => m.users.permissions.delete(user.user_id, { permissions }));
  await step('roles.delete', () => m.roles.delete(id));
};

const organizations = async (m) => {
  const user = await somebody(m, 'node-member').catch(() => ({ user_id: 'usr_nobody' }));
  const role = await m.roles.create({ name: 'Node member' }).catch(() => ({ id: 'rol_none' }));
  const org = await step('organizations.create', () => m.organizations.create({ name: 'node-walkers', display_name: 'Walkers' }));
  const id = org?.id;
  await step('organizations.get', () => m.organizations.get(id));
  await step('organizations.getByName', async () => want((await m.organizations.getByName('node-walkers')).id === id, id, ''));
  await step('organizations.update', () => m.organizations.update(id, { display_name: 'We walk' }));
  await step('organizations.list', () => m.organizations.list());
  await step('organizations.members.create', () => m.organizations.members.create(id, { members: [user.user_id] }));
  await step('organizations.members.list', async () => want(count(await m.organizations.members.list(id)) === 1, 'one', ''));
  await step('organizations.members.roles.assign', () => m.organizations.members.roles.assign(id, user.user_id, { roles: [role?.id] }));
  await step('organizations.members.roles.list', async () => want(count(await m.organizations.members.roles.list(id, user.user_id)) === 1, 'one', ''));
  await step('organizations.members.roles.delete', () => m.organizations.members.roles.delete(id, user.user_id, { roles: [role?.id] }));
  await step('organizations.members.delete', () => m.organizations.members.delete(id, { members: [user.user_id] }));
  const invitation = await step('organizations.invitations.create', () => m.organizations.invitations.create(id, {
    inviter: { name: 'Ada' }, invitee: { email: 'node-new@walk.example' }, client_id: world.clients.web.client_id, send_invitation_email: false,
  }));
  await step('organizations.invitations.get', () => m.organizations.invitations.get(id, invitation?.id));
  await step('organizations.invitations.list', async () => want(count(await m.organizations.invitations.list(id)) === 1, 'one', ''));
  await step('organizations.invitations.delete', () => m.organizations.invitations.delete(id, invitation?.id));
  const [one] = await step('organizations.enabledConnections.list', async () => (await m.organizations.enabledConnections.list(id)).data) ?? [];
  await step('organizations.enabledConnections.get', () => m.organizations.enabledConnections.get(id, one?.connection_id));
  await step('organizations.enabledConnections.add', () => m.organizations.enabledConnections.add(id, { connection_id: one.connection_id }));
  const all = 'every organization has the one connection, and nobody becomes a member by signing in';
  await refused('organizations.enabledConnections.update', all, () => m.organizations.enabledConnections.update(id, one.connection_id, { assign_membership_on_login: true }));
  await refused('organizations.enabledConnections.delete', all, () => m.organizations.enabledConnections.delete(id, one.connection_id));
  await refused('organizations.clientGrants.list', 'clients have no grants of their own in organizations', () => m.organizations.clientGrants.list(id));
  await step('organizations.delete', () => m.organizations.delete(id));
};

// sessions are those of the person who signed in at the Authentication API.
const sessions = async (m) => {
  const [who] = await m.users.listUsersByEmail({ email: world.people.node.email });
  const [session] = (await m.users.sessions.list(who.user_id)).data;
  await step('sessions.get', async () => want((await m.sessions.get(session.id)).user_id === who.user_id, 'its person', session));
  await refused('sessions.update', 'sessions have no metadata', () => m.sessions.update(session.id, { session_metadata: { a: 'b' } }));
  const tokens = (await m.users.refreshToken.list(who.user_id)).data;
  await step('refreshTokens.list', async () => want(count(await m.refreshTokens.list({ user_id: who.user_id })) > 0, 'some', ''));
  await step('refreshTokens.get', async () => want((await m.refreshTokens.get(tokens[0].id)).user_id === who.user_id, 'its person', tokens));
  await refused('refreshTokens.update', 'refresh tokens have no metadata', () => m.refreshTokens.update(tokens[0].id, { refresh_token_metadata: { a: 'b' } }));
  await step('refreshTokens.delete', () => m.refreshTokens.delete(tokens[0].id));
  await step('refreshTokens.revoke', () => m.refreshTokens.revoke({ user_id: who.user_id }));
  await step('sessions.revoke', () => m.sessions.revoke(session.id));
  await step('sessions.delete', () => m.sessions.delete(session.id));
};

export const registry = async (management) => {
  for (const walk of [users, sessions, clients, connections, roles, organizations]) {
    await walk(management); // eslint-disable-line no-await-in-loop -- one after the other
  }
};
