import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { toRedisError } from './errors.ts';

export type RedisArgument = string | number | Buffer;

/** A Lua script of ours. It must run on Redis 6.2 and touch keys of one hash slot only, so that it also runs on a cluster. */
export interface RedisScript {
  /** Unique among our scripts; letters only. */
  readonly name: string;
  /** How many of the arguments are keys (they come first); `counted`: the first argument of each call is that number. */
  readonly keys: number | 'counted';
  readonly lua: string;
}

/** One command or script call; made by {@link command} and {@link script}. */
export interface RedisCall {
  readonly name: string;
  readonly script?: RedisScript;
  readonly args: readonly RedisArgument[];
}

export const command = (name: string, ...args: RedisArgument[]): RedisCall => ({ name, args });
export const script = (script: RedisScript, ...args: RedisArgument[]): RedisCall => ({
  name: script.name,
  script,
  args,
});

export interface RedisClientOptions {
  /** `redis://[user:password@]host:port[/db]`; `rediss://` for TLS. */
  readonly url: string;
  /** First part of every key made by `key`. */
  readonly keyPrefix: string;
  /** Shown in the server's client list. */
  readonly name: string;
  readonly log: Logger;
  /** Milliseconds one round trip may take. Default 10000; 0 for a connection that makes blocking reads. */
  readonly commandTimeoutMs?: number;
}

/** Keys a SCAN step looks at. */
const SCAN_COUNT = 500;

/** The part of the client that code with keys and calls needs; tests give their own. */
export type RedisCommands = Pick<RedisClient, 'key' | 'send' | 'sendAll'>;

/**
 * A connection to Redis that speaks plain replies (RESP2: strings, numbers, arrays, null). It reconnects for ever by itself; while the
 * server is away calls reject with REDIS_UNREACHABLE after a short while, so that the caller decides what to do about it.
 */
export class RedisClient {
  readonly #redis: Redis;
  readonly #options: RedisClientOptions;
  readonly #defined = new Set<string>();

  constructor(options: RedisClientOptions) {
    this.#options = options;
    this.#redis = new Redis(options.url, connectionOptions(options));
    this.#redis.on('error', (error: Error) => {
      options.log.debug({ event: 'redis_connection_failed', client: options.name, error: error.message });
    });
  }

  /** `<keyPrefix><parts joined by ':'>`. */
  key(...parts: readonly string[]): string {
    return this.#options.keyPrefix + parts.join(':');
  }

  /** @throws REDIS_UNREACHABLE, REDIS_FULL (both retriable), REDIS_REFUSED */
  async send(call: RedisCall): Promise<unknown> {
    return (await this.sendAll([call]))[0];
  }

  /**
   * All calls in one round trip, in order; not a transaction: when one is refused the others still took effect, and the first refusal is
   * thrown. Every writer of ours may be repeated as a whole.
   */
  async sendAll(calls: readonly RedisCall[]): Promise<unknown[]> {
    if (calls.length === 0) return [];
    for (const { script } of calls) if (script !== undefined) this.#define(script);
    const pipeline = this.#redis.pipeline();
    const methods = pipeline as unknown as Record<string, (...args: RedisArgument[]) => unknown>;
    for (const { name, script, args } of calls) {
      if (script === undefined) pipeline.call(name, ...args);
      else methods[methodName(script)]!(...args);
    }
    const results = await this.#answered(pipeline.exec()).catch((error: unknown) => {
      throw toRedisError(error, calls[0]!.name);
    });
    return results!.map(([error, reply], index) => {
      if (error !== null) throw toRedisError(error, calls[index]!.name);
      return reply;
    });
  }

  /** Keys that match a glob pattern, some at a time; on a cluster only those of the node that is connected. Source: redis.io, SCAN. */
  async *scan(pattern: string): AsyncGenerator<readonly string[]> {
    let cursor = '0';
    do {
      const [next, keys] = (await this.send(command('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT))) as [
        string,
        string[],
      ];
      if (keys.length > 0) yield keys;
      cursor = next;
    } while (cursor !== '0');
  }

  /** A second connection with the same settings, for reads that wait. */
  forBlockingReads(): RedisClient {
    return new RedisClient({ ...this.#options, name: `${this.#options.name}-waiting`, commandTimeoutMs: 0 });
  }

  /** Resolves when the server answers. Rejects with REDIS_UNREACHABLE after `attempts` tries. */
  async ready(signal?: AbortSignal, attempts = 8): Promise<void> {
    await retry(() => this.send(command('PING')), {
      attempts,
      ...(signal ? { signal } : {}),
      onRetry: (error, attempt) =>
        this.#options.log.warn({ event: 'redis_awaited', client: this.#options.name, attempt, error: String(error) }),
    });
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  /** The answers, or an error when they take too long. One timer a round trip: the library's own would be one a command. */
  async #answered<T>(answers: Promise<T>): Promise<T> {
    const timeoutMs = this.#options.commandTimeoutMs ?? 10_000;
    if (timeoutMs === 0) return answers;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`nothing for ${timeoutMs} ms`)), timeoutMs);
    // What comes too late after all is nobody's any more.
    answers.catch(() => undefined);
    return Promise.race([answers, late.promise]).finally(() => clearTimeout(timer));
  }

  /** Must happen before a pipeline is opened: a pipeline knows the scripts of its beginning only. */
  #define(script: RedisScript): void {
    if (this.#defined.has(script.name)) return;
    const { keys, lua } = script;
    this.#redis.defineCommand(methodName(script), keys === 'counted' ? { lua } : { numberOfKeys: keys, lua });
    this.#defined.add(script.name);
  }
}

const methodName = (script: RedisScript): string => `sluice${script.name}`;

function connectionOptions(options: RedisClientOptions): RedisOptions {
  return {
    connectionName: options.name,
    protocol: 2,
    connectTimeout: 5000,
    maxRetriesPerRequest: 2,
    retryStrategy: (times) => Math.min(1000, 50 * times),
    lazyConnect: true,
    enableAutoPipelining: false,
  };
}
