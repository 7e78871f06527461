function (user, context, callback) {
  var geoip = context.request.geoip || {};
  // An address that no place is known of is treated as one from outside.
  if (geoip.continent_code !== 'EU') {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
