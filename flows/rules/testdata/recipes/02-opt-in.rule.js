function (user, context, callback) {
  user.user_metadata = user.user_metadata || {};

  if (user.user_metadata.use_mfa) {
    context.multifactor = { provider: 'any' };
  }

  callback(null, user, context);
}
