function (user, context, callback) {
  const CLIENTS_WITH_MFA = ['payroll'];

  if (CLIENTS_WITH_MFA.includes(context.clientID)) {
    context.multifactor = {
      provider: 'duo',
      ikey: configuration.DUO_IKEY,
      skey: configuration.DUO_SKEY,
      host: configuration.DUO_HOST,
      username: user.nickname
    };
  }

  callback(null, user, context);
}
