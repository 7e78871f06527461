// Asks on the days (UTC, 0 is Sunday) on which the person does not work.
exports.onExecutePostLogin = async (event, api) => {
  const { days = [] } = event.user.app_metadata;
  if (!days.includes(new Date().getUTCDay())) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
