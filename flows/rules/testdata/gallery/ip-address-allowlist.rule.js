function ipAddressAllowlist(user, context, callback) {
  const allowlist = ['203.0.113.7', '198.51.100.1'];
  const userHasAccess = allowlist.some((ip) => context.request.ip === ip);

  if (!userHasAccess) {
    return callback(new Error('Access denied from this IP address.'));
  }

  return callback(null, user, context);
}
