exports.onExecutePostLogin = async (event, api) => {
  const { NewDevice } = event.authentication?.riskAssessment?.assessments ?? {};
  if (!NewDevice || NewDevice.confidence === 'low') {
    console.log('another device of', event.user.user_id, NewDevice?.code);
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
