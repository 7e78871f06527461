function (user, context, callback) {
  if (!(context.authorization.roles || []).includes('admin')) return callback(null, user, context);

  const enrolled = user.multifactor || [];
  if (enrolled.length === 1) {
    return callback(new UnauthorizedError('An administrator needs two factors; enrol another one.'));
  }
  context.multifactor = { provider: 'any', allowRememberBrowser: false };
  callback(null, user, context);
}
