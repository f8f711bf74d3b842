import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ENTER_LINK, LEAVE_LINK, SETTLE_ROWS, WRITE_ROWS } from '#consumers/rows/rowScripts.ts';
import { WRITE_STOCK } from '#consumers/stock/stockScripts.ts';
import { command, type RedisCall, RedisClient, type RedisScript, script } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';

/** The Lua scripts and their TypeScript twins, which the property tests run, must be the same. */

const position = fc.nat({ max: 5 }).map((n) => `${n.toString(16).padStart(48, '0')}2`);
const id = fc.constantFrom('a', 'b');
const links = fc.subarray(['[["X"],["1"]]', '[["X"],["2"]]', '[["Y"],["ä, \\n"]]']).map((list) => list.join('\t'));
const base = fc.oneof(fc.constant('*'), fc.constant(''), position);

const call = (of: RedisScript, args: fc.Arbitrary<string[]>): fc.Arbitrary<RedisCall> =>
  fc.array(args, { minLength: 1, maxLength: 3 }).map((groups) => script(of, 'rows', ...groups.flat()));
const rowCall = fc.oneof(
  call(
    WRITE_ROWS,
    fc.tuple(
      id,
      position,
      fc.constantFrom('r', 'd'),
      links,
      fc.constantFrom('{"a":1}', ''),
      fc.constantFrom('0', '1'),
      base,
    ),
  ),
  call(SETTLE_ROWS, fc.tuple(id, position)),
);
const linkCall = fc.oneof(call(ENTER_LINK, fc.tuple(id, position)), call(LEAVE_LINK, fc.tuple(id, position)));
const stockCall = call(WRITE_STOCK, fc.tuple(id, position, fc.constantFrom('5|1', '6|0', '-')));

describe('the Lua scripts', () => {
  let redis: RedisClient;
  beforeAll(() => {
    redis = new RedisClient({ ...{ url: inject('stack').redis!.url, keyPrefix: '' }, name: 'test', log: silentLogger });
  });
  afterAll(() => redis.close());

  const agree = async (calls: fc.Arbitrary<RedisCall>): Promise<void> => {
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 25 }), async (list) => {
        const key = `test:${randomBytes(8).toString('hex')}`;
        const real = list.map((one) => ({ ...one, args: [key, ...one.args.slice(1)] }));
        const memory = new MemoryRedis();
        const replies = list.map((one) => memory.run(one));
        expect(await redis.sendAll(real)).toEqual(replies);
        const stored = (await redis.send(command('HGETALL', key))) as string[];
        const pairs = Array.from({ length: stored.length / 2 }, (_, i) => stored.slice(i * 2, i * 2 + 2));
        expect(Object.fromEntries(pairs)).toEqual(Object.fromEntries(memory.hash('rows')));
        await redis.send(command('DEL', key));
      }),
      { numRuns: 300 },
    );
  };

  it('for rows do what their twins do', () => agree(rowCall));
  it('for links do what their twins do', () => agree(linkCall));
  it('for stock do what their twins do', () => agree(stockCall));
});
