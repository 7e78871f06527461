exports.onExecutePostLogin = async (event, api) => {
  const methods = event.authentication ? event.authentication.methods : [];
  if (!methods.find((method) => method.name === 'mfa')) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
