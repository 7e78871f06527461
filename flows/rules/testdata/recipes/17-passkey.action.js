exports.onExecutePostLogin = async (event, api) => {
  const passkey = event.authentication.methods.some((method) => method.name === 'passkey');
  api.multifactor.enable(passkey ? 'none' : 'any');
};
