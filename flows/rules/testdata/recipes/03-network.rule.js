function (user, context, callback) {
  const ipaddr = require('ipaddr.js@1.9.1');
  const corporate = configuration.CORPORATE_NETWORK;
  const current = ipaddr.process(context.request.ip);
  const net = ipaddr.parseCIDR(corporate);

  if (current.kind() !== net[0].kind() || !current.match(net)) {
    context.multifactor = {
      provider: 'guardian',
      allowRememberBrowser: false
    };
  }

  callback(null, user, context);
}
