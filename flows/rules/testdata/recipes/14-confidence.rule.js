async function (user, context, callback) {
  const prompt = ['low', 'medium'];
  const enrolled = Array.isArray(user.multifactor) && user.multifactor.length > 0;
  const { riskAssessment } = context;

  if (enrolled && riskAssessment && prompt.includes(riskAssessment.confidence)) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
