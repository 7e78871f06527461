exports.onExecutePostLogin = async (event, api) => {
  api.authentication.challengeWith({ type: 'otp' });
  if (event.authorization?.roles?.includes('admin')) {
    api.authentication.challengeWith({ type: 'phone', options: { preferredMethod: 'sms' } });
  }
};
