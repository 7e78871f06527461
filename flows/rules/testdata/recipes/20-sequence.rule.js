// After a code by phone another factor follows.
function (user, context, callback) {
  const mfa = context.authentication.methods.filter((method) => method.name === 'mfa');
  const byPhone = mfa.some((method) => method.type === 'phone');
  if (byPhone && mfa.length === 1) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
