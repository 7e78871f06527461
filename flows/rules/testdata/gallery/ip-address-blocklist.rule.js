function ipAddressBlocklist(user, context, callback) {
  const blocklist = ['192.0.2.0/24', '198.51.100.1'];
  const notAuthorized = rangeCheck.inRange(context.request.ip, blocklist);

  if (notAuthorized) {
    return callback(new UnauthorizedError('Access denied from this IP address.'));
  }

  return callback(null, user, context);
}
