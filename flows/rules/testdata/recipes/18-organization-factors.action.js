exports.onExecutePostLogin = async (event, api) => {
  const wanted = event.organization?.metadata?.factors?.split(',');
  if (!wanted) return;

  const enrolled = event.user.enrolledFactors.map(({ type }) => type);
  const [first, ...rest] = wanted.filter((type) => enrolled.includes(type)).map((type) => ({ type }));
  if (!first) {
    api.access.deny('The organization asks for another factor.');
    return;
  }
  api.authentication.challengeWith(first, { additionalFactors: rest });
};
