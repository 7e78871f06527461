// What applications learn of the person and of this sign-in.
function (user, context, callback) {
  const namespace = "https://rules.bench.example/";
  const groups = (user.app_metadata && user.app_metadata.groups) || [];
  const rights = {
    staff: ["documents:read", "documents:write"],
    finance: ["invoices:read", "invoices:approve"],
    contractors: ["documents:read"],
  };

  const mine = new Set();
  for (const group of groups) {
    for (const right of rights[group] || []) mine.add(right);
  }
  const steps = context.authentication.methods.map(method => method.name);
  const { geoip } = context.request;

  context.idToken[namespace + "groups"] = groups;
  context.idToken[namespace + "country"] = geoip.country_code || "unknown";
  context.accessToken[namespace + "rights"] = Array.from(mine).sort();
  context.accessToken[namespace + "strong"] = steps.includes("mfa");
  if (context.organization) {
    context.accessToken[namespace + "organization"] = context.organization.name;
  }
  callback(null, user, context);
}
