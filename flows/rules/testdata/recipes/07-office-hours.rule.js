// Outside of office hours and at weekends, by the server's clock.
function officeHours(user, context, callback) {
  const now = new Date();
  const weekend = now.getUTCDay() === 0 || now.getUTCDay() === 6;
  const early = now.getUTCHours() < 8, late = now.getUTCHours() >= 18;

  if (weekend || early || late) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  return callback(null, user, context);
};
