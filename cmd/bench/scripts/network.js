// Where a person comes from: offices, countries, and everywhere else.
function (user, context, callback) {
  const ipaddr = require("ipaddr.js");
  const offices = ["203.0.113.0/24", "198.51.100.0/25", "2001:db8:40::/48"];
  const refused = ["KP", "IR", "SY", "CU"];
  const trusted = ["DE", "AT", "CH", "FR", "NL"];

  const { ip, geoip } = context.request;
  if (!ipaddr.isValid(ip)) {
    return callback(new UnauthorizedError("The address of this request is unknown."));
  }
  const address = ipaddr.parse(ip);
  const inside = offices.some(office => {
    const [base, bits] = ipaddr.parseCIDR(office);
    return base.kind() === address.kind() && address.match(base, bits);
  });

  const country = geoip.country_code;
  if (refused.includes(country)) {
    console.log("refused", ip, country);
    return callback(new UnauthorizedError("Signing in from here is not possible."));
  }
  const abroad = !inside && (!country || !trusted.includes(country));
  if (abroad) context.multifactor = { provider: "any" };
  callback(null, user, context);
}
