import { type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';

/** Microseconds the counter leaps at a Redis it has not counted in: more than the clocks of two servers differ, and two writes take. */
const LEAP_MICROS = 60_000_000;

/**
 * Versions of one document type: every number handed out is higher than all before it, and at least the server's clock in microseconds
 * (16 digits until the year 2255, so below 2^53). KEYS[1] the counter. ARGV: the highest version known from the indexes, empty when not
 * asked yet. In a server process that has not handed out versions before (new, restarted, failed over: its counter or its clock may be
 * behind) it answers nothing until it is told that version, and then leaps. Source of run_id: redis.io, INFO, section server.
 */
const NEXT_VERSION: RedisScript = {
  name: 'NextVersion',
  keys: 1,
  lua: `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local got = redis.call('HMGET', KEYS[1], 'last', 'run')
local next = math.max(now, tonumber(got[1] or '0') + 1)
if got[2] ~= run then
  if ARGV[1] == '' then return '' end
  next = math.max(next, tonumber(ARGV[1]) + 1) + ${LEAP_MICROS}
end
local text = string.format('%.0f', next)
redis.call('HSET', KEYS[1], 'last', text, 'run', run)
return text`,
};

/** KEYS[1] the counter. ARGV: a version that is not to be handed out any more, nor any below it. */
const RAISE_VERSION: RedisScript = {
  name: 'RaiseVersion',
  keys: 1,
  lua: `
local last = redis.call('HGET', KEYS[1], 'last')
if not last or tonumber(last) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'last', ARGV[1]) end`,
};

export class VersionSource {
  readonly #redis: RedisCommands;
  readonly #key: string;
  readonly #highestKnown: () => Promise<number>;

  /** `highestKnown` tells the highest version in the indexes of the type; asked only of a Redis that has not handed out versions yet. */
  constructor(redis: RedisCommands, documentType: string, highestKnown: () => Promise<number>) {
    this.#redis = redis;
    this.#key = redis.key(`{version-${documentType}}`, 'counter');
    this.#highestKnown = highestKnown;
  }

  /**
   * One version for all documents of a build that has not read a row yet. Every build that asks later, anywhere, gets a higher one.
   */
  async next(): Promise<number> {
    const version = await this.#ask('');
    return Number(version === '' ? await this.#ask(String(await this.#highestKnown())) : version);
  }

  /** Makes every version that is handed out from now on higher than this one. */
  async riseAbove(version: number): Promise<void> {
    if (version >= (await this.next())) await this.#redis.send(script(RAISE_VERSION, this.#key, String(version)));
  }

  async #ask(highest: string): Promise<string> {
    return (await this.#redis.send(script(NEXT_VERSION, this.#key, highest))) as string;
  }
}
