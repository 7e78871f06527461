exports.onExecutePostLogin = async (event, api) => {
  if (event.authorization?.roles.includes('admin')) {
    api.multifactor.enable('guardian', { allowRememberBrowser: false });
  }
};
