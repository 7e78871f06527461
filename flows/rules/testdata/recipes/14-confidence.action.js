exports.onExecutePostLogin = async (event, api) => {
  const confidence = event.authentication?.riskAssessment?.confidence;
  const enrolled = event.user.multifactor?.length > 0;
  if (enrolled && (confidence === 'low' || confidence === 'medium')) {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
};
