const CONNECTIONS = ['corp.example', 'email'];
const EXEMPT_CLIENTS = ['kiosk'];
const EIGHT_HOURS = 8 * 60 * 60 * 1000;

exports.onExecutePostLogin = async ({ authentication, client, connection, user }, api) => {
  if (!CONNECTIONS.includes(connection.name) || EXEMPT_CLIENTS.includes(client.client_id)) return;
  if (user.app_metadata?.use_mfa === false) return;

  const recent = authentication.methods.some(({ name, timestamp }) =>
    name === 'mfa' && Date.now() - new Date(timestamp).getTime() < EIGHT_HOURS);
  if (!recent) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
