function (user, context, callback) {
  var crypto = require('crypto');
  user.app_metadata = user.app_metadata || {};

  var seen = user.app_metadata.device;
  var device = crypto
    .createHash('sha1')
    .update(context.request.userAgent + '|' + context.request.ip)
    .digest('base64');

  if (seen === device) { return callback(null, user, context); }

  console.log('another device of', user.user_id);
  context.multifactor = { provider: 'any', allowRememberBrowser: false };
  auth0.users.updateAppMetadata(user.user_id, { device: device }, function (err) {
    callback(err, user, context);
  });
}
