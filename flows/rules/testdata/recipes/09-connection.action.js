module.exports.onExecutePostLogin = async function (event, api) {
  if (event.connection.name !== 'corp.example') {
    api.multifactor.enable('any', { allowRememberBrowser: true });
  }
};
