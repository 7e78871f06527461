exports.onExecutePostLogin = async (event, api) => {
  if (event.request.geoip?.continentCode !== 'EU') {
    api.multifactor.enable('any');
  }
};
