// Which application, and who may use it without more.
function (user, context, callback) {
  const groups = (user.app_metadata && user.app_metadata.groups) || [];
  const roles = context.authorization.roles || [];
  const sensitive = {
    payroll: ["finance", "hr"],
    admin: ["operations"],
    ledger: ["finance", "audit"],
  };

  const allowed = sensitive[context.clientName];
  if (allowed && !allowed.some(group => groups.includes(group))) {
    console.log("refused", context.clientName, groups.join(" "));
    return callback(new UnauthorizedError("You have no access to this application."));
  }

  const steps = context.authentication.methods.map(method => method.name);
  const guarded = Boolean(allowed) || roles.includes("admin") || groups.includes("contractors");
  if (guarded && !steps.includes("mfa")) {
    context.multifactor = { provider: "any", allowRememberBrowser: false };
  }
  if (user.blocked || (groups.length === 0 && context.stats.loginsCount > 50)) {
    return callback(new UnauthorizedError("Ask the help desk for a group."));
  }
  callback(null, user, context);
}
