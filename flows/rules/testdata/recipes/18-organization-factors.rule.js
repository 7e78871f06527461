// A rule cannot name factors: it lets nobody in who has none of the organization's.
function (user, context, callback) {
  const metadata = (context.organization && context.organization.metadata) || {};
  if (!metadata.factors) {
    return callback(null, user, context);
  }
  const wanted = metadata.factors.split(',');
  const has = (user.multifactor || []).filter((factor) => wanted.includes(factor));
  if (has.length === 0) {
    return callback(new UnauthorizedError('The organization asks for another factor.'));
  }
  context.multifactor = { provider: 'any', allowRememberBrowser: false };
  callback(null, user, context);
}
