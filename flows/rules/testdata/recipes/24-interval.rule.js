function (user, context, callback) {
  var CONNECTIONS = ['corp.example', 'email'];
  var EXEMPT_CLIENTS = ['kiosk'];
  var HOURS = 8;

  user.app_metadata = user.app_metadata || {};
  var mfa = context.authentication.methods.filter(function (m) { return m.name === 'mfa'; }).pop();
  var recent = mfa && Date.now() - mfa.timestamp < HOURS * 60 * 60 * 1000;

  if (CONNECTIONS.indexOf(context.connection) === -1 ||
      EXEMPT_CLIENTS.indexOf(context.clientID) !== -1 ||
      user.app_metadata.use_mfa === false || recent) {
    return callback(null, user, context);
  }
  context.multifactor = { provider: 'any', allowRememberBrowser: false };
  callback(null, user, context);
}
