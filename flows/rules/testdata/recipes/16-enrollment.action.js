exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.multifactor?.length) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
