// Asks for a second factor where nobody knows the browser, whatever the policy says.
function newBrowser(user, context, callback) {
  // A refresh of tokens comes from a server, which is no browser; and records of before
  // the rule was enabled have no assessment.
  if (context.protocol === "oauth2-refresh-token" || !context.riskAssessment) {
    return callback(null, user, context);
  }
  const { confidence, code } = context.riskAssessment.assessments.NewDevice;
  console.log(`this browser: ${code}, confidence ${confidence}`);
  if (confidence === "low") {
    context.multifactor = { provider: "any", allowRememberBrowser: false };
  }
  callback(null, user, context);
}
