function guardianMultifactor(user, context, callback) {
  if (!configuration.SECOND_FACTOR_CLIENTS) {
    return callback(null, user, context);
  }
  const clients = configuration.SECOND_FACTOR_CLIENTS.split(',').map((id) => id.trim());

  // the whole condition can be left out to ask everybody
  if (clients.includes(context.clientID)) {
    context.multifactor = {
      // required
      provider: 'guardian',
      allowRememberBrowser: false
    };
  }

  callback(null, user, context);
}
