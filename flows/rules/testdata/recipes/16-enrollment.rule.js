function (user, context, callback) {
  var enrolled = user.multifactor || [];
  if (enrolled.length === 0) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
