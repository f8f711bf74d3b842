import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StatusIndex } from '#connectors/commands/queue/statusIndex.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { eventually } from '#test/support/eventually.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';
import { ORDER, type TestKeys, testKeys } from './commandHarness.ts';
import { refused } from './fakeGateway.ts';
import { later, QueueWorld, stateOf } from './queueWorld.ts';

let keys: TestKeys;
let world: QueueWorld;

beforeAll(async () => {
  keys = await testKeys();
});

beforeEach(() => {
  world = new QueueWorld(keys);
});

afterEach(() => world.stopWorker());

describe('a command that may be answered later', () => {
  it('is accepted while the database is away, and done when it is back', async () => {
    const process = world.process();
    process.door.gateway.isAway = true;
    const accepted = await process.door.post(later);
    const { statusUrl, commandId } = accepted.json();
    expect([accepted.statusCode, accepted.headers['location'], accepted.headers['preference-applied']]).toEqual([
      202,
      `/commands/${commandId}`,
      'respond-async',
    ]);
    expect(await stateOf(process.door, statusUrl)).toMatchObject({
      commandId,
      command: 'AcceptOrder',
      state: 'accepted',
    });
    await world.startWorker(process);
    await eventually(async () => expect((await stateOf(process.door, statusUrl)).state).toBe('running'));
    process.door.gateway.isAway = false;
    await eventually(async () =>
      expect(await stateOf(process.door, statusUrl)).toMatchObject({
        state: 'done',
        result: { commandId, orderId: '100001' },
      }),
    );
  });

  it('is known to every process, and to one that starts later', async () => {
    const { door } = world.process();
    const { statusUrl } = (await door.post(later)).json();
    expect(await stateOf(world.process(createMemoryKafka(world.broker)).door, statusUrl)).toMatchObject({
      state: 'accepted',
    });
  });

  it('is the same command when it is sent again, and another payload is refused', async () => {
    const process = world.process();
    const again = world.process(createMemoryKafka(world.broker));
    const first = await process.door.post({ ...later, idempotencyKey: 'k' });
    const second = await again.door.post({ ...later, idempotencyKey: 'k' });
    expect(second.body).toBe(first.body);
    const other = await again.door.post({ ...later, idempotencyKey: 'k', body: { ...ORDER, customerId: '18' } });
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency-key-reused']);
    const kept = [...(await world.kafka.topicOffsets(world.topics.commands)).values()].reduce(
      (sum, { end }) => sum + end,
      0n,
    );
    expect(kept).toBe(1n);
  });

  it('is refused like any other when it is wrong, and is not kept', async () => {
    const { door } = world.process();
    expect((await door.post({ ...later, body: {} })).statusCode).toBe(422);
    expect((await door.post({ ...later, key: keys.cancel })).statusCode).toBe(403);
    expect((await door.post({ ...later, idempotencyKey: null })).statusCode).toBe(400);
    expect(await world.kafka.partitionCount(world.topics.commands)).toBeNull();
  });

  it('is nobody else’s: another caller finds nothing', async () => {
    const { door } = world.process();
    const { statusUrl } = (await door.post(later)).json();
    expect((await door.get(statusUrl, keys.cancel)).statusCode).toBe(404);
    expect((await door.get(statusUrl, null)).statusCode).toBe(401);
    expect((await door.get('/commands/11111111-1111-8111-8111-111111111111')).statusCode).toBe(404);
    expect((await door.get('/commands/x')).statusCode).toBe(404);
  });

  it('is not accepted when it cannot be kept for sure', async () => {
    const broken = {
      ...world.kafka,
      producer: async () => ({
        send: () => Promise.reject(new SluiceError('KAFKA_PRODUCER_BROKEN', 'broken')),
        close: async () => undefined,
      }),
    };
    const { door } = world.process(broken);
    const answer = await door.post(later);
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'queue-away']);
  });
});

describe('the worker', () => {
  it('runs the commands of each customer in the order they were accepted', async () => {
    const process = world.process();
    const ran: string[] = [];
    process.door.gateway.work = async (call) => {
      // Customers overtake each other; their own commands must not.
      await tick();
      ran.push(call.idempotencyKey);
      return '{}';
    };
    for (let i = 0; i < 60; i++)
      await process.door.post({
        ...later,
        idempotencyKey: `${i % 5}-${i}`,
        body: { ...ORDER, customerId: String(1 + (i % 5)) },
      });
    await world.startWorker(process);
    await eventually(() => expect(ran).toHaveLength(60));
    for (let customer = 0; customer < 5; customer++) {
      const own = ran.filter((key) => key.startsWith(`${customer}-`)).map((key) => Number(key.split('-')[1]));
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  it('ends what the database refuses as refused, with its problem, and goes on', async () => {
    const process = world.process();
    process.door.gateway.work = async (call) => {
      if (call.idempotencyKey === 'bad') throw refused('not-enough-stock', 50409, { line: 1, available: 0 });
      return '{"fine":true}';
    };
    const bad = (await process.door.post({ ...later, idempotencyKey: 'bad' })).json();
    const good = (await process.door.post({ ...later, idempotencyKey: 'good' })).json();
    await world.startWorker(process);
    await eventually(async () => expect(await stateOf(process.door, good.statusUrl)).toMatchObject({ state: 'done' }));
    expect(await stateOf(process.door, bad.statusUrl)).toMatchObject({
      state: 'refused',
      problem: { code: 'not-enough-stock', available: 0 },
    });
  });

  it('gives a command up that never gets through although the database is there, and goes on', async () => {
    const process = world.process();
    process.door.gateway.work = async (call) => {
      if (call.idempotencyKey === 'stuck') throw new SluiceError('CMD_TIMED_OUT', 'locked');
      if (call.idempotencyKey === 'poison') throw new SluiceError('CMD_DATABASE_FAULT', 'broken');
      return '{}';
    };
    const sent: { statusUrl: string }[] = [];
    for (const idempotencyKey of ['stuck', 'poison', 'good'])
      sent.push((await process.door.post({ ...later, idempotencyKey })).json());
    await world.startWorker(process);
    await eventually(async () => expect((await stateOf(process.door, sent[2]!.statusUrl)).state).toBe('done'));
    expect(await stateOf(process.door, sent[0]!.statusUrl)).toMatchObject({
      state: 'failed',
      problem: { code: 'timed-out' },
    });
    expect(await stateOf(process.door, sent[1]!.statusUrl)).toMatchObject({
      state: 'failed',
      problem: { code: 'internal' },
    });
    expect(process.door.gateway.calls.filter((call) => call.idempotencyKey === 'stuck')).toHaveLength(3);
  });

  it('passes over a record it cannot read', async () => {
    const process = world.process();
    await process.log.partitions();
    const producer = await world.kafka.producer();
    for (let partition = 0; partition < 3; partition++)
      await producer.send(world.topics.commands, partition, [{ key: null, value: Buffer.from('{"v":9}') }]);
    const { statusUrl } = (await process.door.post(later)).json();
    await world.startWorker(process);
    await eventually(async () => expect((await stateOf(process.door, statusUrl)).state).toBe('done'));
  });

  it('ends a command that waited too long as failed, unless it was run before', async () => {
    const process = world.process();
    const late = (await process.door.post({ ...later, idempotencyKey: 'late' })).json();
    await process.door.post({ idempotencyKey: 'run' });
    const run = (await process.door.post({ ...later, idempotencyKey: 'run' })).json();
    world.nowMs += 10_000;
    await world.startWorker(process, { maxAgeMs: 5000 });
    await eventually(async () => expect((await stateOf(process.door, run.statusUrl)).state).toBe('done'));
    expect(await stateOf(process.door, late.statusUrl)).toMatchObject({
      state: 'failed',
      problem: { code: 'expired' },
    });
  });

  it('runs a command once although it is given to it twice', async () => {
    const process = world.process();
    const { statusUrl, commandId } = (await process.door.post({ ...later, idempotencyKey: 'twice' })).json();
    await world.startWorker(process);
    await eventually(async () => expect((await stateOf(process.door, statusUrl)).state).toBe('done'));
    await world.stopWorker();
    await world.kafka.commitOffsets(
      'g',
      new Map([
        [
          world.topics.commands,
          new Map([
            [0, 0n],
            [1, 0n],
            [2, 0n],
          ]),
        ],
      ]),
    );
    await world.startWorker(process);
    await eventually(() => expect(process.door.gateway.calls).toHaveLength(2));
    expect(new Set(process.door.gateway.calls.map((call) => call.commandId))).toEqual(new Set([commandId]));
    expect((await stateOf(process.door, statusUrl)).state).toBe('done');
  });
});

describe('what is remembered of queued commands', () => {
  it('is bounded: the oldest are forgotten first', async () => {
    const index = new StatusIndex(10_000);
    const entry = (n: number) => ({
      v: 1 as const,
      commandId: String(n),
      command: 'A',
      callerId: 'c',
      acceptedAtMs: 0,
      atMs: 0,
      state: 'done' as const,
      result: 'x'.repeat(400),
    });
    for (let n = 0; n < 100; n++) index.reached(entry(n));
    expect([index.size, index.get('99')?.state, index.get('0')]).toEqual([7, 'done', undefined]);
  });

  it('never goes back to an earlier state', () => {
    const index = new StatusIndex(10_000);
    const entry = { v: 1 as const, commandId: '1', command: 'A', callerId: 'c', acceptedAtMs: 0, atMs: 0 };
    index.reached({ ...entry, state: 'done', result: '{}' });
    index.reached({ ...entry, state: 'running' });
    expect([index.get('1')?.state, index.waiting]).toEqual(['done', 0]);
  });
});
