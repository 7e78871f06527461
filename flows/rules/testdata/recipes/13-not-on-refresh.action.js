exports.onExecutePostLogin = async (event, api) => {
  if (event.transaction?.protocol !== 'oauth2-refresh-token') {
    api.multifactor.enable('any', { allowRememberBrowser: true });
  }
};
