import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PLAN_DONE, READ_PLAN, WIDEN_PLAN } from '#consumers/rows/linkPlan.ts';
import { ENTER_FIRST, ENTER_NODE, LEAVE_FIRST, LEAVE_NODE } from '#consumers/rows/linkScripts.ts';
import { FORGET_ROWS, SETTLE_ROWS, WRITE_ROWS } from '#consumers/rows/rowScripts.ts';
import { COPY_STATE, LOOK_LEDGER, OPEN_LEDGER, PASS_LEDGER, RENEW_LEDGER } from '#consumers/runner/ledger.ts';
import { LOWER_POSITION } from '#consumers/runner/lowerPosition.ts';
import { WRITE_STOCK } from '#consumers/stock/stockScripts.ts';
import {
  command,
  type RedisArgument,
  type RedisCall,
  RedisClient,
  type RedisScript,
  script,
} from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';

/** The Lua scripts and their TypeScript twins, which the property tests run, must be the same. */

const position = fc.nat({ max: 5 }).map((n) => `${n.toString(16).padStart(48, '0')}2`);
const id = fc.constantFrom('a', 'b');
const links = fc.subarray(['X=1', 'X=2', 'Y=%000a']).map((list) => list.join('\t'));
const base = fc.oneof(fc.constant('*'), fc.constant(''), position);
const now = fc.nat({ max: 30 }).map(String);
const shapes = fc.constantFrom('', 'known', 'known,strange');

/** Calls on the given keys, with arguments before and then in groups. */
const call = (
  of: RedisScript,
  args: fc.Arbitrary<string[]>,
  before: fc.Arbitrary<string[]> = fc.constant([]),
  keys: readonly string[] = ['rows'],
): fc.Arbitrary<RedisCall> =>
  fc
    .tuple(before, fc.array(args, { minLength: 1, maxLength: 3 }))
    .map(([first, groups]) => script(of, ...keys, ...first, ...groups.flat()));

/** Stands for the store that rows without a mark get: `mark`, and the server process of the test. */
const STORE = '<store>';

const rowCall = fc.oneof(
  call(
    WRITE_ROWS,
    fc.tuple(
      id,
      position,
      fc.constantFrom('r', 'd'),
      links,
      fc.constantFrom('s[1]', ''),
      fc.constantFrom('', 'other/store', STORE),
      base,
    ),
    fc.tuple(now, shapes, fc.constant('mark')),
    ['rows', 'gone', 'shapes'],
  ),
  call(SETTLE_ROWS, fc.tuple(id, position)),
  fc
    .tuple(now, fc.oneof(fc.constant(''), position), fc.constantFrom('1', '5'), fc.constantFrom('0', '1'))
    .map((args) => script(FORGET_ROWS, 'rows', 'gone', ...args)),
  fc.tuple(id, position).map((args) => script(LOWER_POSITION, 'rows', ...args)),
);
const stamp = fc.nat({ max: 3 }).map((n) => n.toString(16).padStart(20, '0'));
const linkId = fc.constantFrom('X=1', 'X=2');
const entryId = fc.constantFrom('a', 'ab', 'b', 'c');
const most = fc.constantFrom('1', '2').map((n) => [n]);
const linkCall = fc.oneof(
  call(ENTER_FIRST, fc.tuple(linkId, entryId, stamp), most),
  call(LEAVE_FIRST, fc.tuple(linkId, entryId, stamp)),
  call(ENTER_NODE, fc.tuple(entryId, stamp), most, ['node']),
  call(LEAVE_NODE, fc.tuple(entryId, stamp), fc.constant([]), ['node']),
);
const level = fc.tuple(id, position, fc.constantFrom('5|1', '6|0', '6|0|2', '-'), fc.constant(''), fc.constant('0'));
const levels = fc.array(level, { minLength: 1, maxLength: 3 }).map((list) => [String(list.length), ...list.flat()]);
const stockCall = fc
  .tuple(levels, levels, now)
  .map(([one, two, at]) =>
    script(WRITE_STOCK, 3, 'rows', 'node', 'gone', '2', '0', 'sku', '1', '1', at, 'A', ...one, 'B', ...two),
  );

const place = fc.constantFrom('t/0', 't/1');
const offset = fc.nat({ max: 4 }).map(String);
const ledgerStore = fc.constantFrom('id', 'new').map((name) => `${name}/`);
const ledgerCall = fc.oneof(
  fc
    .array(fc.tuple(place, offset, offset, fc.oneof(fc.constant(''), offset), offset, fc.constantFrom('', '1')), {
      minLength: 1,
      maxLength: 2,
    })
    .map((list) => script(OPEN_LEDGER, 'ledger', 'id', ...list.flat())),
  fc.constant(command('HDEL', 'ledger', 'run')),
  fc.constant(script(COPY_STATE, 'ledger')),
  fc
    .tuple(ledgerStore, place, offset, offset, fc.constantFrom('', 'p1', 'p2'))
    .map((args) => script(PASS_LEDGER, 'ledger', ...args)),
  ledgerStore.map((id) => script(RENEW_LEDGER, 'ledger', id, 'new')),
  fc.constant(script(LOOK_LEDGER, 'ledger', 't/0', 't/1', 't/0/until')),
  // Every partition may go to others between two steps of a look.
  fc.constant(script(LOOK_LEDGER, 'ledger')),
  fc
    .tuple(fc.constantFrom('', 'p1', 'p2'), fc.constantFrom('p1', 'p2'), fc.constantFrom('k1', 'k2'))
    .map(([before, plan, token]) => script(WIDEN_PLAN, 'ledger', before, plan, `[${plan}]`, token)),
  fc.constantFrom('k1', 'k2').map((token) => script(PLAN_DONE, 'ledger', token, '<run>')),
  fc.constant(script(READ_PLAN, 'ledger')),
);

const keysOf = ({ script, args }: RedisCall): number =>
  script?.keys === 'counted' ? Number(args[0]) + 1 : (script?.keys ?? 1);

const pairsOf = (flat: readonly string[]): Record<string, string> =>
  Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => flat.slice(i * 2, i * 2 + 2)));

describe('the Lua scripts', () => {
  let redis: RedisClient;
  beforeAll(() => {
    redis = new RedisClient({ ...{ url: inject('stack').redis!.url, keyPrefix: '' }, name: 'test', log: silentLogger });
  });
  afterAll(() => redis.close());

  const agree = async (calls: fc.Arbitrary<RedisCall>): Promise<void> => {
    const runId = /run_id:(\w+)/u.exec(String(await redis.send(command('INFO', 'server'))))![1]!;
    const named = (arg: RedisArgument): RedisArgument => {
      if (arg === STORE) return `mark/${runId}`;
      return arg === '<run>' ? runId : /^(id|new)\/$/u.test(String(arg)) ? `${arg}${runId}` : arg;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 25 }), async (drawn) => {
        const list = drawn.map((one) => ({ ...one, args: one.args.map(named) }));
        const prefix = `test:${randomBytes(8).toString('hex')}:`;
        const places = ['rows', 'gone', 'shapes', 'node', 'ledger'];
        const real = list.map((one) => ({
          ...one,
          args: one.args.map((arg, i) => (i < keysOf(one) && places.includes(String(arg)) ? prefix + arg : arg)),
        }));
        const memory = new MemoryRedis();
        memory.runId = runId;
        memory.hash('shapes').set('known', '[]');
        await redis.send(command('HSET', `${prefix}shapes`, 'known', '[]'));
        const replies = list.map((one) => memory.run(one));
        expect(await redis.sendAll(real)).toEqual(replies);
        const stored = await Promise.all([
          ...['rows', 'node', 'ledger'].map((place) => redis.send(command('HGETALL', prefix + place))),
          redis.send(command('ZRANGE', `${prefix}gone`, 0, -1, 'WITHSCORES')),
        ]);
        const twins = ['rows', 'node', 'ledger', 'gone'].map((place) => Object.fromEntries(memory.hash(place)));
        expect((stored as string[][]).map(pairsOf)).toEqual(twins);
        await redis.send(command('DEL', ...places.map((place) => prefix + place)));
      }),
      { numRuns: 300 },
    );
  };

  it('for rows do what their twins do', () => agree(rowCall));
  it('for ledgers and plans do what their twins do', () => agree(ledgerCall));
  it('for links do what their twins do', () => agree(linkCall));
  it('for stock do what their twins do', () => agree(stockCall));
});
