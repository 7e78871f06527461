function (user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const groupsAllowed = ['admin', 'finance'];
  const { groups = [] } = user.app_metadata.authorization || {};

  if (groupsAllowed.some((group) => groups.includes(group))) {
    context.multifactor = {
      provider: 'guardian',
      allowRememberBrowser: false
    };
  }
  callback(null, user, context);
}
