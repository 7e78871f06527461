// Guardian, rules, actions, logs, and the settings of the tenant.
import { refused, step, untried } from './auth0-rest.mjs';
import { connection, want, world } from './program.mjs';

const guardian = async (m) => {
  await step('guardian.factors.list', async () => want((await m.guardian.factors.list()).length === 8, 'eight', ''));
  await step('guardian.factors.set', () => m.guardian.factors.set('otp', { enabled: true }));
  for (const name of ['email', 'phone']) {
    await step(`guardian.factors.${name}.get`, () => m.guardian.factors[name].get()); // eslint-disable-line no-await-in-loop -- one after the other
    await step(`guardian.factors.${name}.set`, () => m.guardian.factors[name].set({ otp_length: 6, otp_expiration_time: 300 })); // eslint-disable-line no-await-in-loop -- as above
  }
  await step('guardian.policies.set', () => m.guardian.policies.set([]));
  await step('guardian.policies.list', async () => want((await m.guardian.policies.list()).length === 0, 'none', ''));
  const { phone, sms, pushNotification: push, duo } = m.guardian.factors;
  await step('guardian.factors.phone.setMessageTypes', () => phone.setMessageTypes({ message_types: ['sms'] }));
  await step('guardian.factors.phone.getMessageTypes', async () => want((await phone.getMessageTypes()).message_types.length === 1, 'one', ''));
  const twilio = { from: '+15005550006', auth_token: 'theTokenOfNobody', sid: 'AC00000000000000000000000000000000' };
  await step('guardian.factors.phone.setTwilioProvider', () => phone.setTwilioProvider(twilio));
  await step('guardian.factors.phone.getTwilioProvider', async () => want((await phone.getTwilioProvider()).from === twilio.from, twilio.from, ''));
  await step('guardian.factors.sms.setTwilioProvider', () => sms.setTwilioProvider(twilio));
  await step('guardian.factors.sms.getTwilioProvider', () => sms.getTwilioProvider());
  await step('guardian.factors.phone.setProvider', () => phone.setProvider({ provider: 'twilio' }));
  await step('guardian.factors.phone.getSelectedProvider', async () => want((await phone.getSelectedProvider()).provider === 'twilio', 'twilio', ''));
  await step('guardian.factors.sms.setProvider', () => sms.setProvider({ provider: 'twilio' }));
  await step('guardian.factors.sms.getSelectedProvider', () => sms.getSelectedProvider());
  const templates = { enrollment_message: '{{code}} to set up', verification_message: '{{code}} to sign in' };
  await step('guardian.factors.phone.setTemplates', () => phone.setTemplates(templates));
  await step('guardian.factors.phone.getTemplates', async () => want((await phone.getTemplates()).verification_message === templates.verification_message, 'it', ''));
  await step('guardian.factors.sms.setTemplates', () => sms.setTemplates(templates));
  await step('guardian.factors.sms.getTemplates', () => sms.getTemplates());
  const sns = { aws_access_key_id: 'AKIA0000000000000000', aws_secret_access_key: 'nobody', aws_region: 'eu-central-1', sns_apns_platform_application_arn: 'arn:aws:sns:eu-central-1:000000000000:app/APNS/x', sns_gcm_platform_application_arn: 'arn:aws:sns:eu-central-1:000000000000:app/GCM/x' };
  await step('guardian.factors.pushNotification.setSnsProvider', () => push.setSnsProvider(sns));
  await step('guardian.factors.pushNotification.updateSnsProvider', () => push.updateSnsProvider({ aws_region: 'eu-central-1' }));
  await step('guardian.factors.pushNotification.getSnsProvider', async () => want(!(await push.getSnsProvider()).aws_secret_access_key, 'no secret', ''));
  await step('guardian.factors.pushNotification.setProvider', () => push.setProvider({ provider: 'sns' }));
  await step('guardian.factors.pushNotification.getSelectedProvider', () => push.getSelectedProvider());
  const apple = "it takes a certificate of Apple's";
  await untried('guardian.factors.pushNotification.setApnsProvider', apple);
  await untried('guardian.factors.pushNotification.updateApnsProvider', apple);
  await step('guardian.factors.pushNotification.getApnsProvider', () => push.getApnsProvider());
  const google = "it takes an account of Google's";
  await untried('guardian.factors.pushNotification.setFcmv1Provider', google);
  await untried('guardian.factors.pushNotification.updateFcmv1Provider', google);
  const fcm = 'Google takes no server keys any more: use FCM v1';
  await refused('guardian.factors.pushNotification.setFcmProvider', fcm, () => push.setFcmProvider({ server_key: 'x' }));
  await refused('guardian.factors.pushNotification.updateFcmProvider', fcm, () => push.updateFcmProvider({ server_key: 'x' }));
  const account = { host: 'api-00000000.duosecurity.com', ikey: 'DI000000000000000000', skey: 'the-secret-of-nobody-at-all-000000000000' };
  await step('guardian.factors.duo.settings.set', () => duo.settings.set(account));
  await step('guardian.factors.duo.settings.update', () => duo.settings.update({ host: account.host }));
  await step('guardian.factors.duo.settings.get', async () => want((await duo.settings.get()).host === account.host, account.host, ''));
  const user = await m.users.create({ connection, email: 'node-ticket@walk.example', password: 'Passwords hide their chuck' }).catch(() => ({ user_id: 'usr_nobody' }));
  await step('guardian.enrollments.createTicket', async () => want((await m.guardian.enrollments.createTicket({ user_id: user.user_id })).ticket_url, 'a link', ''));
  await m.users.authenticationMethods.create(user.user_id, { type: 'phone', phone_number: '+15005550016', preferred_authentication_method: 'sms' }).catch(() => {}); // where there is none, the calls tell
  const [one] = await m.users.enrollments.get(user.user_id).catch(() => []);
  await step('guardian.enrollments.get', () => m.guardian.enrollments.get(one?.id));
  await step('guardian.enrollments.delete', () => m.guardian.enrollments.delete(one?.id));
  await step('tickets.verifyEmail', () => m.tickets.verifyEmail({ user_id: user.user_id, result_url: `${world.web}/welcome` }));
  await step('tickets.changePassword', () => m.tickets.changePassword({ user_id: user.user_id, result_url: `${world.web}/welcome` }));
};

const scripts = async (m) => {
  const rule = await step('rules.create', () => m.rules.create({ name: 'node', script: 'function (user, context, callback) { callback(null, user, context); }', enabled: false }));
  await step('rules.get', () => m.rules.get(rule?.id));
  await step('rules.update', () => m.rules.update(rule?.id, { name: 'node again' }));
  await step('rules.list', () => m.rules.list());
  await step('rules.delete', () => m.rules.delete(rule?.id));
  await step('rulesConfigs.set', () => m.rulesConfigs.set('NODE', { value: 'x' }));
  await step('rulesConfigs.list', () => m.rulesConfigs.list());
  await step('rulesConfigs.delete', () => m.rulesConfigs.delete('NODE'));
  await step('actions.triggers.list', () => m.actions.triggers.list());
  const action = await step('actions.create', () => m.actions.create({ name: 'node', supported_triggers: [{ id: 'post-login', version: 'v3' }], code: 'exports.onExecutePostLogin = async (event, api) => {};' }));
  const id = action?.id;
  await step('actions.get', () => m.actions.get(id));
  await step('actions.list', () => m.actions.list());
  await step('actions.update', () => m.actions.update(id, { code: 'exports.onExecutePostLogin = async (event, api) => { /* again */ };' }));
  const version = await step('actions.deploy', () => m.actions.deploy(id));
  await step('actions.versions.list', () => m.actions.versions.list(id));
  await step('actions.versions.get', () => m.actions.versions.get(id, version?.id));
  await step('actions.versions.deploy', () => m.actions.versions.deploy(id, version?.id));
  await step('actions.triggers.bindings.updateMany', () => m.actions.triggers.bindings.updateMany('post-login', { bindings: [{ ref: { type: 'action_id', value: id }, display_name: 'node' }] }));
  await step('actions.triggers.bindings.list', () => m.actions.triggers.bindings.list('post-login'));
  await step('actions.triggers.bindings.updateMany (none)', () => m.actions.triggers.bindings.updateMany('post-login', { bindings: [] }));
  await step('actions.test', () => m.actions.test(id, { payload: { event: { user: { email: 'x@walk.example' } } } }));
  await step('actions.delete', () => m.actions.delete(id));
};

const tenant = async (m) => {
  const logs = await step('logs.list', async () => (await m.logs.list({ take: 5 })).data);
  await step('logs.get', () => m.logs.get(logs?.[0]?.log_id));
  const stream = await step('logStreams.create', () => m.logStreams.create({ name: 'node', type: 'http', sink: { httpEndpoint: 'https://logs.example/', httpContentFormat: 'JSONLINES', httpContentType: 'application/json' } }));
  await step('logStreams.get', () => m.logStreams.get(stream?.id));
  await step('logStreams.list', () => m.logStreams.list());
  await step('logStreams.update', () => m.logStreams.update(stream?.id, { name: 'node again' }));
  await step('logStreams.delete', () => m.logStreams.delete(stream?.id));
  await step('stats.getActiveUsersCount', () => m.stats.getActiveUsersCount());
  await step('stats.getDaily', async () => want((await m.stats.getDaily()).length === 30, 'a month'));
  const { user_id } = await m.users.create({ connection, email: 'node-grant@walk.example', password: 'Passwords hide their chuck' });
  await step('userGrants.list', () => m.userGrants.list({ user_id }));
  await step('userGrants.deleteByUserId', () => m.userGrants.deleteByUserId({ user_id }));
  await untried('userGrants.delete', 'it takes what somebody has allowed on a page');
  await step('tenants.settings.get', () => m.tenants.settings.get());
  await step('tenants.settings.update', () => m.tenants.settings.update({ friendly_name: 'Walk' }));
  await step('branding.get', () => m.branding.get());
  await step('branding.update', () => m.branding.update({ colors: { primary: '#0059d6' } }));
  await step('prompts.getSettings', () => m.prompts.getSettings());
  await step('prompts.updateSettings', () => m.prompts.updateSettings({ universal_login_experience: 'new', identifier_first: false }));
  await step('prompts.customText.set', () => m.prompts.customText.set('mfa-otp', 'en', { 'mfa-otp-challenge': { title: 'Your code' } }));
  await step('prompts.customText.get', () => m.prompts.customText.get('mfa-otp', 'en'));
  for (const name of ['bruteForceProtection', 'suspiciousIpThrottling', 'breachedPasswordDetection']) {
    const now = await step(`attackProtection.${name}.get`, () => m.attackProtection[name].get()); // eslint-disable-line no-await-in-loop -- one after the other
    await step(`attackProtection.${name}.update`, () => m.attackProtection[name].update(now)); // eslint-disable-line no-await-in-loop -- as above
  }
  await step('riskAssessments.settings.get', () => m.riskAssessments.settings.get());
  await step('riskAssessments.settings.update', () => m.riskAssessments.settings.update({ enabled: true }));
  await step('riskAssessments.settings.newDevice.get', () => m.riskAssessments.settings.newDevice.get());
  await step('riskAssessments.settings.newDevice.update', () => m.riskAssessments.settings.newDevice.update({ remember_for: 30 }));
  const keys = await step('keys.signing.list', () => m.keys.signing.list());
  await step('keys.signing.get', () => m.keys.signing.get(keys?.[0]?.kid));
  await untried('keys.signing.rotate', 'go-auth0 has rotated them already, and a key that waits is not replaced');
  await untried('keys.signing.revoke', 'it takes a key that signs no more, so an hour');
  const mail = { template: 'reset_email', subject: 'Walk', body: '<a href="{{ url }}">Go on</a>', from: null, syntax: 'liquid', enabled: true };
  await step('emailTemplates.create', () => m.emailTemplates.create(mail));
  await step('emailTemplates.get', async () => want((await m.emailTemplates.get('reset_email')).subject === 'Walk', 'its subject'));
  await step('emailTemplates.update', () => m.emailTemplates.update('reset_email', { subject: 'Walked' }));
  await step('emailTemplates.set', () => m.emailTemplates.set('reset_email', { ...mail, enabled: false }));
  const credentials = { smtp_host: 'mail.walk.example', smtp_port: 587, smtp_user: 'walk', smtp_pass: 'walk' };
  await step('emails.provider.create', () => m.emails.provider.create({ name: 'smtp', enabled: false, default_from_address: 'no-reply@walk.example', credentials }));
  await step('emails.provider.get', async () => want((await m.emails.provider.get()).credentials.smtp_pass === undefined, 'no password'));
  await step('emails.provider.update', () => m.emails.provider.update({ default_from_address: 'Walk <no-reply@walk.example>' }));
  await step('emails.provider.delete', () => m.emails.provider.delete());
};

const jobs = async (m) => {
  const id = await m.connections.list().then((page) => page.data[0].id, () => 'con_none');
  const users = new Blob([JSON.stringify([{ email: 'node-import@walk.example', email_verified: true }])], { type: 'application/json' });
  const job = await step('jobs.usersImports.create', () => m.jobs.usersImports.create({ users, connection_id: id }));
  await step('jobs.get', async () => want((await m.jobs.get(job?.id)).type === 'users_import', 'users_import', job));
  await step('jobs.errors.get', () => m.jobs.errors.get(job?.id));
  await step('jobs.verificationEmail.create', async () => {
    const user = await m.users.create({ connection, email: 'node-verify@walk.example', password: 'Passwords hide their chuck' });
    await m.jobs.verificationEmail.create({ user_id: user.user_id });
  });
  await step('jobs.usersExports.create', () => m.jobs.usersExports.create({ connection_id: id, format: 'json' }));
};

export const administration = async (management) => {
  for (const walk of [guardian, scripts, tenant, jobs]) {
    await walk(management); // eslint-disable-line no-await-in-loop -- one after the other
  }
};
