// auth0, the SDK for Node.js: the Management API, and from its legacy entry the
// Authentication API.
import { ManagementClient } from 'auth0';
import { authentication } from './auth0-authentication.mjs';
import { rest } from './auth0-rest.mjs';
import { administration } from './auth0-administration.mjs';
import { registry } from './auth0-registry.mjs';
import { world } from './program.mjs';

const { admin } = world.clients;
const management = new ManagementClient({ domain: world.domain, clientId: admin.client_id, clientSecret: admin.client_secret });

await authentication();
await registry(management);
await administration(management);
await rest(management);
