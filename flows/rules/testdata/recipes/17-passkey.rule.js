// There is no published rule for this; the provider none is an action's.
function (user, context, callback) {
  const passkey = context.authentication.methods.some((method) => method.name === 'passkey');
  context.multifactor = { provider: passkey ? 'none' : 'any', allowRememberBrowser: false };
  callback(null, user, context);
}
