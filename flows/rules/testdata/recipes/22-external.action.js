const PROVIDER = 'https://mfa.example.com/';

exports.onExecutePostLogin = async (event, api) => {
  if (event.authentication.methods.some((method) => method.name === PROVIDER)) return;
  if (!api.redirect.canRedirect()) {
    api.access.deny('This sign-in needs a browser.');
    return;
  }
  const token = api.redirect.encodeToken({
    secret: event.secrets.MFA_SECRET,
    payload: { email: event.user.email },
    expiresInSeconds: 60,
  });
  api.redirect.sendUserTo(PROVIDER + 'start', { query: { session_token: token } });
};

exports.onContinuePostLogin = async (event, api) => {
  const payload = api.redirect.validateToken({ secret: event.secrets.MFA_SECRET });
  if (payload.verified !== true) {
    return api.access.deny('The second factor was not given.');
  }
  api.authentication.recordMethod(PROVIDER);
};
