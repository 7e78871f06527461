// What is stored here is written only once the whole sign-in has succeeded, so that a
// failed second factor does not make the country a known one.
function (user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  var country = context.request.geoip.country_code;

  if (user.app_metadata.last_location === country) {
    return callback(null, user, context);
  }

  context.multifactor = { provider: 'any', ignoreCookie: true };
  user.app_metadata.last_location = country;

  auth0.users.updateAppMetadata(user.user_id, user.app_metadata)
    .then(function () {
      callback(null, user, context);
    })
    .catch(function (err) {
      callback(err);
    });
}
