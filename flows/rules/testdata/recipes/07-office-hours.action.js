const outside = (now) => {
  const day = now.getUTCDay(), hour = now.getUTCHours();
  return day === 0 || day === 6 || hour < 8 || hour >= 18;
};

exports.onExecutePostLogin = async (event, api) => {
  if (outside(new Date())) {
    api.multifactor.enable('any');
  }
};
