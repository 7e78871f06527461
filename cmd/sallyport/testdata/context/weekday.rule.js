// Asks on the days (UTC, 0 is Sunday) on which the person does not work.
function (user, context, callback) {
  const days = (user.app_metadata || {}).days || [];
  if (days.indexOf(new Date().getUTCDay()) === -1) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
