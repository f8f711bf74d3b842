/** Which request a method makes. `path` has `{placeholders}`; `query` names the fields that go into the address. */
export interface Operation {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly params: readonly string[];
  readonly query: readonly string[];
}

export interface ClientOptions {
  /** Address of the command API, such as `https://commands.example.com`. */
  readonly baseUrl: string;
  /** API key or token; a function is asked for each attempt, so that a token may be renewed meanwhile. */
  readonly credential: string | (() => string | Promise<string>);
  /** Attempts of one call, the first included. Default 5. */
  readonly maxAttempts?: number;
  /** Longest time for all attempts of one call, in milliseconds. Default 60000. */
  readonly budgetMs?: number;
  /** Longest time for one attempt, in milliseconds. Default 15000. */
  readonly attemptTimeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
  /** Waits between attempts; replaced in tests. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface CallOptions {
  /** Ends the call; a write that has been sent may take effect all the same. */
  readonly signal?: AbortSignal;
  /** W3C trace context. */
  readonly traceparent?: string;
}

export interface WriteOptions extends CallOptions {
  /** New for every command, the same for its repetitions; one is made when left out. 1 to 100 letters, digits or `. _ : -`. */
  readonly idempotencyKey?: string;
}

export interface ReadReply<Result> {
  readonly result: Result;
  readonly requestId: string | null;
}

export interface WriteReply<Result> extends ReadReply<Result> {
  /** True when an earlier request with this key had done it. */
  readonly replayed: boolean;
  readonly idempotencyKey: string;
}

/** A command that was kept durably; `commandStatus(commandId)` tells what became of it. */
export interface QueuedReply {
  readonly commandId: string;
  readonly idempotencyKey: string;
}

export interface CommandStatus {
  readonly commandId: string;
  readonly command: string;
  readonly state: string;
  readonly acceptedAt: string;
  readonly changedAt: string;
  readonly result?: unknown;
  readonly problem?: unknown;
}

/** An answer that is no success: RFC 9457. */
export class CommandProblem extends Error {
  override readonly name = 'CommandProblem';
  /** Stable; decide on this. */
  readonly code: string;
  readonly status: number;
  readonly detail: string | null;
  /** Faults by JSON Pointer. */
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  /** Facts beside the standard members, such as `available` or `expected`. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  /** The key it was sent with; null for reads. */
  readonly idempotencyKey: string | null;

  constructor(response: Response, body: Readonly<Record<string, unknown>>, idempotencyKey: string | null) {
    super(typeof body['title'] === 'string' ? body['title'] : `The command API answered ${response.status}`);
    const {
      type: _type,
      title: _title,
      status: _status,
      detail,
      instance: _instance,
      code,
      requestId,
      errors,
      ...facts
    } = body;
    this.code = typeof code === 'string' ? code : 'unknown';
    this.status = response.status;
    this.detail = typeof detail === 'string' ? detail : null;
    this.errors = Array.isArray(errors) ? errors : [];
    this.facts = facts;
    this.requestId = typeof requestId === 'string' ? requestId : response.headers.get('x-request-id');
    this.retryAfterSeconds = retryAfterOf(response);
    this.idempotencyKey = idempotencyKey;
  }

  /** Whether the same call with the same key may be made again after `retryAfterSeconds`. */
  get mayRetry(): boolean {
    return this.status === 429 || this.status === 503 || this.code === 'command-running';
  }
}

/** No answer came in the time there was: a write may have taken effect. The same call with the same key finds out. */
export class CommandUnanswered extends Error {
  override readonly name = 'CommandUnanswered';
  readonly idempotencyKey: string | null;

  constructor(idempotencyKey: string | null, cause: unknown) {
    super('The command API did not answer', { cause });
    this.idempotencyKey = idempotencyKey;
  }
}

const DEFAULTS = { maxAttempts: 5, budgetMs: 60_000, attemptTimeoutMs: 15_000 };
/** First pause's bound where the server names none, doubled each time. */
const BASE_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;

/** Sends requests, and sends them again as the server asks: on 429, 503 and while a command with the same key runs, and when no answer came. */
export class Transport {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async read<Result>(operation: Operation, input: object, call: CallOptions = {}): Promise<ReadReply<Result>> {
    const { response, body } = await this.#send(operation, input, null, call, {});
    return { result: body as Result, requestId: response.headers.get('x-request-id') };
  }

  async write<Result>(operation: Operation, input: object, call: WriteOptions = {}): Promise<WriteReply<Result>> {
    const idempotencyKey = call.idempotencyKey ?? globalThis.crypto.randomUUID();
    const { response, body } = await this.#send(operation, input, idempotencyKey, call, {});
    return {
      result: body as Result,
      replayed: response.headers.get('idempotency-replayed') === 'true',
      idempotencyKey,
      requestId: response.headers.get('x-request-id'),
    };
  }

  async queue(operation: Operation, input: object, call: WriteOptions = {}): Promise<QueuedReply> {
    const idempotencyKey = call.idempotencyKey ?? globalThis.crypto.randomUUID();
    const { body } = await this.#send(operation, input, idempotencyKey, call, { prefer: 'respond-async' });
    return { commandId: String(body['commandId']), idempotencyKey };
  }

  async #send(
    operation: Operation,
    input: object,
    key: string | null,
    call: CallOptions,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { maxAttempts = DEFAULTS.maxAttempts, budgetMs = DEFAULTS.budgetMs, wait = pause } = this.#options;
    const deadline = Date.now() + budgetMs;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(operation, input, key, call, headers).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) return outcome as Answer;
      call.signal?.throwIfAborted();
      const mayRetry = outcome instanceof CommandProblem ? outcome.mayRetry : outcome instanceof CommandUnanswered;
      const said = outcome instanceof CommandProblem ? outcome.retryAfterSeconds : null;
      const pauseMs = said === null ? backOff(attempt) : said * 1000;
      if (!mayRetry || attempt >= maxAttempts || Date.now() + pauseMs >= deadline) throw outcome;
      await wait(pauseMs, call.signal);
    }
  }

  async #attempt(
    operation: Operation,
    input: object,
    key: string | null,
    call: CallOptions,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { credential, fetch = globalThis.fetch, attemptTimeoutMs = DEFAULTS.attemptTimeoutMs } = this.#options;
    const token = typeof credential === 'string' ? credential : await credential();
    const { url, body } = this.#address(operation, input);
    const timeout = AbortSignal.timeout(attemptTimeoutMs);
    const request: RequestInit = {
      method: operation.method,
      redirect: 'error',
      signal: call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]),
      headers: {
        accept: 'application/json, application/problem+json',
        authorization: `Bearer ${token}`,
        ...(operation.method === 'POST' ? { 'content-type': 'application/json' } : {}),
        ...(key === null ? {} : { 'idempotency-key': key }),
        ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
        ...headers,
      },
      ...(operation.method === 'POST' ? { body: JSON.stringify(body) } : {}),
    };
    try {
      const response = await fetch(url, request);
      const answer = JSON.parse(await response.text()) as Readonly<Record<string, unknown>>;
      if (!response.ok) throw new CommandProblem(response, answer, key);
      return { response, body: answer };
    } catch (error) {
      throw error instanceof CommandProblem ? error : new CommandUnanswered(key, error);
    }
  }

  /** Puts each field where it belongs: into the path, the query or the body. Fields left undefined are not sent. */
  #address(operation: Operation, input: object): { readonly url: URL; readonly body: object } {
    const fields = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
    const take = (name: string): string => {
      const value = String(fields.get(name) ?? '');
      fields.delete(name);
      return value;
    };
    const path = operation.params.reduce(
      (text, name) => text.replace(`{${name}}`, encodeURIComponent(take(name))),
      operation.path,
    );
    const url = new URL(this.#options.baseUrl.replace(/\/$/, '') + path);
    for (const name of operation.query) if (fields.has(name)) url.searchParams.set(name, take(name));
    return { url, body: Object.fromEntries(fields) };
  }
}

interface Answer {
  readonly response: Response;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Source: RFC 9110 §10.2.3; the API always says seconds. */
function retryAfterOf(response: Response): number | null {
  const text = response.headers.get('retry-after');
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

/** Full jitter: somewhere between nought and a bound that doubles. */
function backOff(attempt: number): number {
  return Math.random() * Math.min(MAX_PAUSE_MS, BASE_PAUSE_MS * 2 ** attempt);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
