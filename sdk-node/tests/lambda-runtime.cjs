// The calling convention of AWS Lambda's Node runtime, as far as a handler can tell: how it is called, what it may
// answer, and what the context offers. The runtimes up to 22 know callbacks; later ones refuse handlers of three
// parameters.

const { PassThrough } = require('node:stream');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.highWaterMark');
const isPromise = (value) => typeof value?.then === 'function';

/** The runtime's global. */
exports.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMING] = 'response';
    if (options?.highWaterMark) handler[HIGH_WATER_MARK] = options.highWaterMark;
    return handler;
  },
};

let count = 0;

/** Invokes a handler. Gives `{answer}` or `{error}`, and of one that streams `{answer, streamed}`. */
exports.invoke = (handler, event = {}, { timeout = 3000, callbacks = true } = {}) => {
  const deadline = Date.now() + timeout;
  if (!callbacks && handler.length > 2 && handler[STREAMING] !== 'response') {
    return Promise.resolve({ error: new Error('Runtime.CallbackHandlerDeprecated') });
  }
  return new Promise((resolve) => {
    let waits = true;
    const succeed = (answer) => resolve({ answer });
    const fail = (error) => resolve({ error });
    const callback = (error, answer) => (error === null || error === undefined ? succeed(answer) : fail(error));
    const context = {
      functionName: 'orders',
      functionVersion: '$LATEST',
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/orders',
      logStreamName: '2024/01/01/[$LATEST]0',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
      awsRequestId: `request-${++count}`,
      getRemainingTimeInMillis: () => deadline - Date.now(),
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      ...(callbacks ? { done: callback, succeed, fail } : {}),
    };
    if (handler[STREAMING] === 'response') {
      const stream = new PassThrough({ highWaterMark: handler[HIGH_WATER_MARK] });
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(String(chunk)));
      const streamed = () => chunks.join('');
      handler(event, stream, context).then((answer) => resolve({ answer, streamed: streamed() }), fail);
      return;
    }
    try {
      const answer = handler(event, context, callbacks ? callback : undefined);
      if (isPromise(answer)) answer.then(succeed, fail);
    } catch (error) {
      fail(error);
    }
  });
};
