exports.onExecutePostLogin = async (event, api) => {
  if ((event.transaction?.requested_scopes ?? []).includes('transfer:funds')) {
    api.multifactor.enable('any');
  }
};
