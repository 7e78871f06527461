const PAPE = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';

exports.onExecutePostLogin = async (event, api) => {
  const done = (event.authentication?.methods || []).some(({ name }) => name === 'mfa');
  if (event.transaction?.acr_values.includes(PAPE) && !done) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
