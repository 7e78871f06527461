function (user, context, callback) {
  const PAPE = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';
  const isMfa = context.request.query.acr_values === PAPE;
  let authMethods = [];
  if (context.authentication && Array.isArray(context.authentication.methods)) {
    authMethods = context.authentication.methods;
  }

  if (isMfa && !authMethods.some((method) => method.name === 'mfa')) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
