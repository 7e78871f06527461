const CLIENTS_WITH_MFA = ['payroll', 'ledger'];

exports.onExecutePostLogin = async (event, api) => {
  if (CLIENTS_WITH_MFA.includes(event.client.client_id)) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
