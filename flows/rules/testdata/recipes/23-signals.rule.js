// Rules see neither the TLS fingerprint nor the network's number, and reach no network: what
// is left is the assessment of the address.
function (user, context, callback) {
  const { assessments } = context.riskAssessment || { assessments: {} };
  if (assessments.UntrustedIP && assessments.UntrustedIP.code === 'found_on_deny_list') {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
