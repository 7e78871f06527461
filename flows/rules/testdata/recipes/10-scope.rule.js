function (user, context, callback) {
  const query = context.request.query || {};
  const scopes = (query.scope || '').split(' ');

  if (scopes.indexOf('transfer:funds') !== -1) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
