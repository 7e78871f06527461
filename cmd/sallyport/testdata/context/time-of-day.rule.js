// Asks outside of the hours (UTC) in which the person works.
function (user, context, callback) {
  const hours = (user.app_metadata || {}).hours || [];
  if (hours.indexOf(new Date().getUTCHours()) === -1) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
