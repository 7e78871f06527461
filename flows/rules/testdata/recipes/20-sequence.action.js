exports.onExecutePostLogin = async (event, api) => {
  if (event.authentication.methods.find((method) => method.type === 'phone')) {
    api.authentication.challengeWithAny([{ type: 'otp' }, { type: 'webauthn-roaming' }]);
  }
};
