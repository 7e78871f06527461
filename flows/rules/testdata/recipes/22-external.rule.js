function (user, context, callback) {
  if (context.protocol !== 'redirect-callback') {
    context.redirect = {
      url: 'https://mfa.example.com/start?user=' + encodeURIComponent(user.user_id)
    };
    return callback(null, user, context);
  }

  // The site answers with state.signature.
  const crypto = require('crypto');
  const [state, signature] = (context.request.query.proof || '').split('.');
  const expected = crypto.createHmac('sha256', configuration.MFA_SECRET).update(user.user_id + '.' + state).digest('hex');
  const genuine = state === context.request.query.state &&
    crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature || ''));
  if (!genuine) {
    return callback(new UnauthorizedError('The second factor was not given.'));
  }
  return callback(null, user, context);
}
