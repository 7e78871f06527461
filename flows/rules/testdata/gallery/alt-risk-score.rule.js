// It asks another site, which rules cannot do here: the line that asks is where it fails.
function altRiskScore(user, context, callback) {
  request.post({
    url: 'https://score.example.com/v2/score',
    json: { ip: context.request.ip }
  }, function (err, response, body) {
    if (err) return callback(err);
    if (body.risk_score > 20) context.multifactor = { provider: 'any' };
    return callback(null, user, context);
  });
}
