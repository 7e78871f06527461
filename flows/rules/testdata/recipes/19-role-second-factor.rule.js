// A rule cannot name factors: administrators are asked each time, others may be remembered.
function (user, context, callback) {
  const { roles = [] } = context.authorization || {};
  context.multifactor = { provider: 'any', allowRememberBrowser: !roles.includes('admin') };
  callback(null, user, context);
}
