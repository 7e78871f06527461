// Asks outside of the hours (UTC) in which the person works.
exports.onExecutePostLogin = async (event, api) => {
  const { hours = [] } = event.user.app_metadata;
  if (!hours.includes(new Date().getUTCHours())) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
