function (user, context, callback) {
  // run only for those who asked for it, by the metadata's old name
  if (user.persistent && user.persistent.plan === 'team') {
    context.multifactor = { provider: 'google-authenticator', issuer: 'Example', ignoreCookie: true };
  }
  callback(null, user, context);
}
