function accessOnWeekdaysOnly(user, context, callback) {
  if (context.clientName === 'Shop') {
    const date = new Date();
    const d = date.getDay();

    if (d === 0 || d === 6) {
      return callback(new UnauthorizedError('This app is open on weekdays.'));
    }
  }

  callback(null, user, context);
}
