const WANTED = ['otp', 'phone'];

exports.onExecutePostLogin = async (event, api) => {
  if (!event.authorization?.roles.includes('admin')) return;

  const enrolled = event.user.enrolledFactors.map((factor) => factor.type);
  // What is there comes first: nobody enrols a second factor by the password alone.
  for (const type of WANTED.filter((type) => enrolled.includes(type))) {
    api.authentication.challengeWith({ type });
  }
  for (const type of WANTED.filter((type) => !enrolled.includes(type))) {
    api.authentication.enrollWith({ type });
  }
};
