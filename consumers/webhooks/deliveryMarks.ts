import { command, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { isAbort } from '#infra/runtime/errors.ts';
import type { Delivery } from './webhookTypes.ts';

/** How an endpoint has been doing, over all processes. */
export interface Health {
  /** Failures since the last success. */
  readonly failures: number;
  /** ms since 1970 of the first of them; null when there are none. */
  readonly failingSinceMs: number | null;
}

/** KEYS[1] health of an endpoint. ARGV: 1 or 0 for success, now in ms. Answers failures in a row and since when ('' for none). */
const RECORD_HEALTH: RedisScript = {
  name: 'RecordWebhookHealth',
  keys: 1,
  lua: `
if ARGV[1] == '1' then
  redis.call('HSET', KEYS[1], 'ok', ARGV[2])
  redis.call('HDEL', KEYS[1], 'f', 'since')
  return { '0', '' }
end
redis.call('HSETNX', KEYS[1], 'since', ARGV[2])
return { tostring(redis.call('HINCRBY', KEYS[1], 'f', 1)), redis.call('HGET', KEYS[1], 'since') }`,
};

/**
 * What makes deliveries better but is not needed for them to be complete: which messages an endpoint took, so that none is sent twice after a
 * crash or a replay of a topic, and how often it failed in a row. It lies in Redis and may be lost; then messages under way come twice, with
 * the same id, and failures are counted anew.
 */
export class DeliveryMarks {
  readonly #redis: RedisCommands;
  readonly #endpoint: string;
  readonly #ttlSeconds: number;
  /** Stands in while Redis is away. */
  #own: Health = { failures: 0, failingSinceMs: null };

  constructor(redis: RedisCommands, endpoint: string, dedupeHours: number) {
    this.#redis = redis;
    this.#endpoint = endpoint;
    this.#ttlSeconds = Math.max(1, Math.round(dedupeHours * 3600));
  }

  /** Whether the endpoint took it; false when that cannot be told. */
  async isDone(delivery: Delivery): Promise<boolean> {
    return this.#orElse(async () => (await this.#redis.send(command('EXISTS', this.#key(delivery)))) === 1, false);
  }

  async done(delivery: Delivery): Promise<void> {
    await this.#orElse(async () => {
      await this.#redis.send(command('SET', this.#key(delivery), '1', 'EX', this.#ttlSeconds));
    }, undefined);
  }

  /** Counts the outcome of an attempt. */
  async record(ok: boolean, nowMs: number): Promise<Health> {
    const own = ok
      ? { failures: 0, failingSinceMs: null }
      : { failures: this.#own.failures + 1, failingSinceMs: this.#own.failingSinceMs ?? nowMs };
    this.#own = own;
    return this.#orElse(async () => {
      const answer = await this.#redis.send(script(RECORD_HEALTH, this.#healthKey, ok ? '1' : '0', String(nowMs)));
      const [failures, since] = answer as [string, string];
      return { failures: Number(failures), failingSinceMs: since === '' ? null : Number(since) };
    }, own);
  }

  /** Forgets the failures: somebody says the endpoint is well. */
  async forget(): Promise<void> {
    this.#own = { failures: 0, failingSinceMs: null };
    await this.#orElse(async () => {
      await this.#redis.send(command('HDEL', this.#healthKey, 'f', 'since'));
    }, undefined);
  }

  /** For people: health and the last success (ms since 1970). */
  async read(): Promise<Health & { readonly lastSuccessMs: number | null }> {
    const [f, since, ok] = (await this.#redis.send(command('HMGET', this.#healthKey, 'f', 'since', 'ok'))) as (
      | string
      | null
    )[];
    const number = (text: string | null | undefined): number | null => (text ? Number(text) : null);
    return { failures: number(f) ?? 0, failingSinceMs: number(since), lastSuccessMs: number(ok) };
  }

  get #healthKey(): string {
    return this.#redis.key('webhook-health', `{${this.#endpoint}}`);
  }

  #key({ event, replay }: Delivery): string {
    return this.#redis.key('webhook-done', `{${this.#endpoint}:${event.id}${replay === null ? '' : `:${replay}`}}`);
  }

  async #orElse<T>(work: () => Promise<T>, fallback: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isAbort(error)) throw error;
      return fallback;
    }
  }
}
