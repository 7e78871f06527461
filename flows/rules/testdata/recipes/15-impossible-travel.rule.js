function (user, context, callback) {
  const risk = context.riskAssessment;
  if (risk && risk.assessments.ImpossibleTravel.code === 'impossible_travel_from_last_login') {
    return callback(new UnauthorizedError('Nobody travels that fast.'));
  }
  return callback(null, user, context);
}
