exports.onExecutePostLogin = async (event, api) => {
  const country = event.request.geoip.countryCode;
  if (event.user.app_metadata.last_location !== country) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
    api.user.setAppMetadata('last_location', country);
  }
};
