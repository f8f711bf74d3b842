import { type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';

/**
 * Versions of one document type: every number handed out is higher than all before it, and at least the server's clock in microseconds
 * (16 digits until the year 2255, so below 2^53). The clock keeps them rising even when Redis lost the counter.
 */
const NEXT_VERSION: RedisScript = {
  name: 'NextVersion',
  keys: 1,
  lua: `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = redis.call('GET', KEYS[1])
local next = math.max(now, tonumber(last or '0') + 1, tonumber(ARGV[1]) + 1)
local text = string.format('%.0f', next)
redis.call('SET', KEYS[1], text)
return {text, last and '1' or '0'}`,
};

export class VersionSource {
  readonly #redis: RedisCommands;
  readonly #key: string;
  readonly #highestKnown: () => Promise<number>;

  /** `highestKnown` tells the highest version in the index; asked only when Redis does not know the counter (new, or lost). */
  constructor(redis: RedisCommands, documentType: string, highestKnown: () => Promise<number>) {
    this.#redis = redis;
    this.#key = redis.key(`{version-${documentType}}`, 'last');
    this.#highestKnown = highestKnown;
  }

  /**
   * One version for all documents of a build that has not read a row yet. Every build that asks later, anywhere, gets a higher one.
   */
  async next(): Promise<number> {
    const [version, known] = await this.#ask(0);
    if (known) return version;
    // A counter that was lost together with a clock that went back would hand out versions the index takes for old.
    return (await this.#ask(await this.#highestKnown()))[0];
  }

  async #ask(above: number): Promise<[version: number, known: boolean]> {
    const [version, known] = (await this.#redis.send(script(NEXT_VERSION, this.#key, String(above)))) as [
      string,
      string,
    ];
    return [Number(version), known === '1'];
  }
}
