/**
 * `faultwire/lambda`: a handler of AWS Lambda, wrapped.
 *
 *     exports.handler = wrapHandler(async (event, context) => { ... });
 *
 * Each invocation has a scope of its own. What fails is captured, and what was captured is sent before the invocation
 * ends: between invocations the process is frozen. What the runtime gets to see, results and errors, is unchanged.
 */

import { captureException } from '../capture';
import { isObject, ownData } from '../extract/safe';
import { quietly } from '../guard';
import { native } from '../native';
import { type Surroundings, isolated, runIn } from '../scope';
import { settings } from '../settings';

/** Milliseconds of an invocation's time that flushing leaves to the runtime. */
const MARGIN = 250;
/** By this the runtime knows a handler that streams its response; it is called with the stream before the context. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const MECHANISM = 'auto.lambda';
/** What a function has of its own. */
const OF_FUNCTION: ReadonlySet<PropertyKey> = new Set(['prototype', 'arguments', 'caller']);

/** What is used of the context of an invocation. */
interface Context {
  functionName?: unknown;
  functionVersion?: unknown;
  invokedFunctionArn?: unknown;
  awsRequestId?: unknown;
  getRemainingTimeInMillis?: () => number;
  done?: (error?: unknown, result?: unknown) => void;
  succeed?: (result?: unknown) => void;
  fail?: (error?: unknown) => void;
}

type Callback = (error?: unknown, result?: unknown) => unknown;
// Of any type, which is passed through.
type Handler = (...parameters: any[]) => any;

export interface WrapOptions {
  /**
   * Milliseconds that sending may take at the end of an invocation, default: the option `shutdownTimeout`. Never more
   * than the invocation has left, less a quarter of a second.
   */
  flushTimeout?: number | undefined;
}

/**
 * Wraps a handler: async, with a callback, or streaming (`awslambda.streamifyResponse`, in either order). The result
 * is of the same type and has the same properties and number of parameters, by which the runtime tells handlers apart.
 */
export function wrapHandler<H extends Handler>(handler: H, options: WrapOptions = {}): H {
  if (typeof handler !== 'function') {
    // The runtime says it better.
    return handler;
  }
  function wrapped(this: unknown, ...parameters: unknown[]): unknown {
    const streams = STREAMING in wrapped;
    const invocation = new Invocation(parameters[streams ? 2 : 1], options);
    const layers = quietly('lambda', () => isolated(() => invocation.surroundings()));
    if (layers === undefined) {
      return Reflect.apply(handler, this, parameters);
    }
    quietly('lambda', () => layers.isolation.continueTrace(traceOf(parameters[0])));
    const call = (): unknown =>
      invocation.run(() => Reflect.apply(handler, this, invocation.watch(parameters, streams)));
    return runIn(layers, call);
  }
  for (const key of Reflect.ownKeys(handler)) {
    const property = Object.getOwnPropertyDescriptor(handler, key);
    if (property !== undefined && !OF_FUNCTION.has(key)) {
      Object.defineProperty(wrapped, key, property);
    }
  }
  native.addIntegration('lambda');
  return wrapped as unknown as H;
}

class Invocation {
  private readonly context: Context;
  private readonly began = performance.now();

  constructor(
    context: unknown,
    private readonly options: WrapOptions,
  ) {
    this.context = isObject(context) ? context : {};
  }

  /** What an event is told of the invocation. */
  surroundings(): Surroundings {
    const { functionName, functionVersion, invokedFunctionArn, awsRequestId } = this.context;
    return {
      transaction: typeof functionName === 'string' ? functionName : undefined,
      contexts: {
        'aws.lambda': {
          aws_request_id: awsRequestId,
          function_name: functionName,
          function_version: functionVersion,
          invoked_function_arn: invokedFunctionArn,
          execution_duration_in_millis: Math.round(performance.now() - this.began),
          remaining_time_in_millis: this.remaining(),
        },
      },
    };
  }

  /** Calls the handler; sends what was captured before its answer is passed on. */
  run(call: () => unknown): unknown {
    let answer: unknown;
    try {
      answer = call();
    } catch (error) {
      this.failed(error);
      // The runtime waits for nothing after a throw.
      quietly('lambda', () => native.flushSync(this.time()));
      throw error;
    }
    // Anything else is no answer: the handler will call back.
    return isThenable(answer) ? this.settled(answer) : answer;
  }

  private async settled(answer: PromiseLike<unknown>): Promise<unknown> {
    try {
      return await answer;
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      await this.flush();
    }
  }

  /** The parameters, with each way to call back sending first what was captured. */
  watch(parameters: readonly unknown[], streams: boolean): unknown[] {
    const [event, second, third, ...others] = parameters;
    if (streams) {
      return [...parameters];
    }
    const { context } = this;
    quietly('lambda', () => {
      const { done, succeed, fail } = context;
      // Older than callbacks. The context is of this invocation only.
      if (typeof done === 'function') {
        context.done = this.callback((error, result) => Reflect.apply(done, context, [error, result]));
      }
      if (typeof succeed === 'function') {
        context.succeed = (result) => this.callback(() => Reflect.apply(succeed, context, [result]))(null, result);
      }
      if (typeof fail === 'function') {
        context.fail = (error) => this.callback(() => Reflect.apply(fail, context, [error]))(error);
      }
    });
    return parameters.length < 3 ? [...parameters] : [event, second, this.wrapCallback(third), ...others];
  }

  private wrapCallback(callback: unknown): unknown {
    return typeof callback === 'function' ? this.callback(callback as Callback) : callback;
  }

  private callback(callback: Callback): (error?: unknown, result?: unknown) => void {
    return (...outcome) => {
      if (outcome[0] !== undefined && outcome[0] !== null) {
        this.failed(outcome[0]);
      }
      // Outside of the promise: what the runtime's own code throws is not a rejection of ours.
      void this.flush().then(() => process.nextTick(callback, ...outcome));
    };
  }

  private failed(error: unknown): void {
    captureException(error, { handled: false, mechanism: MECHANISM });
  }

  private async flush(): Promise<void> {
    try {
      const time = this.time();
      if (native.generation() !== 0 && time > 0) {
        await native.flush(time);
      }
    } catch {
      // The answer goes out in any case.
    }
  }

  /** Milliseconds there are to send. */
  private time(): number {
    const wanted = this.options.flushTimeout ?? settings().shutdownTimeout;
    const remaining = this.remaining();
    return Math.max(remaining === undefined ? wanted : Math.min(wanted, remaining - MARGIN), 0);
  }

  private remaining(): number | undefined {
    const remaining: unknown = quietly('lambda', () => this.context.getRemainingTimeInMillis?.());
    return typeof remaining === 'number' && Number.isFinite(remaining) ? remaining : undefined;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

/** The trace that a request through a gateway or a function's URL belongs to. */
function traceOf(event: unknown): string | undefined {
  const headers = isObject(event) ? ownData(event, 'headers') : undefined;
  if (!isObject(headers)) {
    return undefined;
  }
  const names = Object.keys(headers);
  for (const wanted of ['traceparent', 'sentry-trace']) {
    const name = names.find((name) => name.toLowerCase() === wanted);
    const value = name === undefined ? undefined : ownData(headers, name);
    if (typeof value === 'string') {
      return value;
    }
  }
  return undefined;
}
