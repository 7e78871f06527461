// How a program reports: one row a call. It runs in Node.js and in pages alike.

const words = (err) => `${err?.name ?? ''} ${err?.message ?? JSON.stringify(err)} ${err?.error_description ?? err?.description ?? ''}`.trim();

// answerOf is the code of an error of the Management API, the status of another answer, or
// what the SDK tells in its place: null where the browser let it see none.
export const answerOf = (err) => err?.body?.errorCode ?? err?.statusCode ?? err?.status ?? err?.error ?? err?.code;

// reporter makes the functions that report, each row by tell.
export const reporter = (tell) => {
  let now = '';
  const expect = async (call, outcome, note, run) => {
    try {
      const found = await run();
      await tell({ topic: now, call, outcome, note });
      return found;
    } catch (err) {
      await tell({ topic: now, call, outcome: 'fails', note: words(err) });
      return undefined;
    }
  };
  return {
    // topic names what the next calls are about.
    topic: (name) => { now = name; },
    // works is a call that has to succeed; what it gives is given back.
    works: (call, run) => expect(call, 'works', '', run),
    // differs is a call that has to succeed with an answer that is not Auth0's.
    differs: (call, how, run) => expect(call, 'differs', how, run),
    // untried is a call that needs what we do not have.
    untried: (call, why) => tell({ topic: now, call, outcome: 'untried', note: why }),
    // missing is a call that has to fail with this answer: another is no word about it.
    missing: async (call, answer, why, run) => {
      try {
        await run();
      } catch (err) {
        if (answerOf(err) === answer) return tell({ topic: now, call, outcome: 'missing', note: why });
        return tell({ topic: now, call, outcome: 'fails', note: `want ${answer}, got ${answerOf(err)}: ${words(err)}` });
      }
      return tell({ topic: now, call, outcome: 'fails', note: 'it works now: give it a step that says so' });
    },
  };
};

// want throws what was found instead.
export const want = (ok, what, found) => {
  if (!ok) throw new Error(`want ${what}, got ${JSON.stringify(found)}`);
};

// promised turns a function with a callback as its last argument into a promise.
export const promised = (run) => new Promise((resolve, reject) => { run((err, found) => (err ? reject(err) : resolve(found))); });

// fails is the error of a call that has to fail, for looking at.
export const fails = async (run) => {
  let found;
  try {
    found = await run();
  } catch (err) {
    return err;
  }
  throw new Error(`want an error, got ${JSON.stringify(found)}`);
};

// sixDigits is the code in a message.
export const sixDigits = (text) => /\b[0-9]{6}\b/.exec(text)[0];
