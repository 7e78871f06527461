const ipaddr = require('ipaddr.js');

exports.onExecutePostLogin = async (event, api) => {
  const current = ipaddr.parse(event.request.ip);
  if (!current.match(ipaddr.parseCIDR(event.secrets.CORPORATE_NETWORK))) {
    api.multifactor.enable('guardian', { allowRememberBrowser: false });
  }
};
