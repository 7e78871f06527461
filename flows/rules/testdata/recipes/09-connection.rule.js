function (user, context, callback) {
  if (context.connection !== 'corp.example') {
    context.multifactor = { provider: 'any' };
  }
  callback(null, user, context);
}
