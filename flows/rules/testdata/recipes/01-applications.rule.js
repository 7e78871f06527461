// Two applications hold what others do not: whoever signs in to them gives a second factor.
function (user, context, callback) {
  var CLIENTS_WITH_MFA = ['payroll', 'ledger'];

  if (CLIENTS_WITH_MFA.indexOf(context.clientID) !== -1) {
    context.multifactor = {
      provider: 'any',

      // optional, defaults to true
      allowRememberBrowser: false
    };
  }

  callback(null, user, context);
}
