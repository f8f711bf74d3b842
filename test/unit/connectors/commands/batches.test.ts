import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandHarness, ORDER, type TestKeys, testKeys } from './commandHarness.ts';
import { refused } from './fakeGateway.ts';

let keys: TestKeys;
let door: CommandHarness;

beforeAll(async () => {
  keys = await testKeys();
});

beforeEach(() => {
  door = new CommandHarness(keys);
});

const order = (n: number, body: object = ORDER) => ({ command: 'AcceptOrder', idempotencyKey: `k${n}`, body });
const cancel = (n: number) => ({
  command: 'CancelOrder',
  idempotencyKey: `k${n}`,
  params: { orderId: '5' },
  body: { customerId: '17' },
});
const send = (commands: unknown, key?: string) =>
  door.post({ url: '/batches', body: { commands }, idempotencyKey: null, ...(key && { key }) });
const statuses = (answer: { json(): { results: { status: number }[] } }): number[] =>
  answer.json().results.map(({ status }) => status);

describe('a batch', () => {
  it('runs neighbours of one use case in one round trip, fifty at most, and keeps the order', async () => {
    const commands = [...Array.from({ length: 70 }, (_, i) => order(i)), cancel(100), order(200)];
    const answer = await send(commands);
    expect([answer.statusCode, new Set(statuses(answer))]).toEqual([200, new Set([201, 200])]);
    expect(door.gateway.groups).toEqual([50, 20]);
    expect(door.gateway.calls.map((call) => call.idempotencyKey)).toEqual(
      commands.map((command) => command.idempotencyKey),
    );
  });

  it('says of each command how it ended; one that is refused changes nothing for the others', async () => {
    door.gateway.work = async (call) => {
      if (call.idempotencyKey === 'k1') throw refused('not-enough-stock', 50409, { line: 1, available: 0 });
      return `{"for":"${call.idempotencyKey}"}`;
    };
    const answer = await send([order(0), order(1), order(2, { customerId: 'x' }), order(3)]);
    expect(statuses(answer)).toEqual([201, 409, 422, 201]);
    const { results } = answer.json();
    expect(results[0]).toEqual({ status: 201, replayed: false, result: { for: 'k0' } });
    expect(results[1].problem).toMatchObject({
      code: 'not-enough-stock',
      available: 0,
      errors: [{ pointer: '/lines/0/quantity' }],
    });
    expect(results[2].problem.errors.map((fault: { pointer: string }) => fault.pointer)).toContain('/customerId');
  });

  it('replays what was done before under the same keys', async () => {
    await send([order(0), order(1)]);
    const answer = await send([order(0), order(1), order(2)]);
    expect(answer.json().results.map(({ replayed }: { replayed: boolean }) => replayed)).toEqual([true, true, false]);
  });

  it('needs the scope of each command', async () => {
    expect(statuses(await send([order(0), cancel(1)], keys.cancel))).toEqual([403, 200]);
  });

  it('counts each command in the caller’s rate', async () => {
    door = new CommandHarness(keys, { limits: { ratePerSecond: 1, rateBurst: 2 }, now: () => 5 });
    expect(statuses(await send([order(0), order(1), order(2)]))).toEqual([201, 201, 429]);
  });

  it('tells of each command when the database is away', async () => {
    door.gateway.isAway = true;
    const answer = await send([order(0), cancel(1)]);
    expect(statuses(answer)).toEqual([503, 503]);
    expect(answer.json().results[1]).toMatchObject({ retryAfterSeconds: 5, problem: { code: 'database-away' } });
  });

  it.each([
    ['no commands', [], '/commands'],
    ['more than 500', Array.from({ length: 501 }, (_, i) => order(i)), '/commands'],
    ['a read', [{ ...order(0), command: 'GetOrder' }], '/commands/0/command'],
    ['a name of the object prototype', [{ ...order(0), command: 'constructor' }], '/commands/0/command'],
    ['a command without a key', [{ command: 'AcceptOrder', body: ORDER }], '/commands/0/idempotencyKey'],
    ['an unknown field', [{ ...order(0), priority: 1 }], '/commands/0/priority'],
    ['something else', 'commands', '/commands'],
  ])('of %s is refused as a whole', async (_what, commands, pointer) => {
    const answer = await send(commands);
    expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([422, pointer]);
    expect(door.gateway.calls).toHaveLength(0);
  });
});
