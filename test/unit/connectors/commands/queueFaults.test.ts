import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { eventually } from '#test/support/eventually.ts';
import { type TestKeys, testKeys } from './commandHarness.ts';
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

/** The n-th write to Kafka is lost before it is stored, or stored without anybody hearing of it. */
function failingAt(call: number, when: 'before' | 'after'): KafkaClient {
  let calls = 0;
  const lost = () => new SluiceError('KAFKA_PRODUCER_BROKEN', 'lost');
  return {
    ...world.kafka,
    producer: async () => {
      const producer = await world.kafka.producer();
      return {
        ...producer,
        send: async (...args: Parameters<typeof producer.send>) => {
          const isHere = ++calls === call;
          if (isHere && when === 'before') throw lost();
          const appended = await producer.send(...args);
          if (isHere) throw lost();
          return appended;
        },
      };
    },
  };
}

describe('a write to the queue that fails', () => {
  const POINTS = [1, 2, 3, 4, 5, 6].flatMap((call) => [
    { call, when: 'before' as const },
    { call, when: 'after' as const },
  ]);

  it.each(POINTS)('(%o) while commands run loses none and doubles none', async ({ call, when }) => {
    const sent: { statusUrl: string }[] = [];
    const sender = world.process();
    for (const idempotencyKey of ['a', 'b', 'c'])
      sent.push((await sender.door.post({ ...later, idempotencyKey })).json());
    const runner = world.process(failingAt(call, when));
    const effects: string[] = [];
    runner.door.gateway.work = async ({ idempotencyKey }) => {
      effects.push(idempotencyKey);
      return '{}';
    };
    await world.startWorker(runner);
    for (const { statusUrl } of sent)
      await eventually(async () => expect((await stateOf(sender.door, statusUrl)).state).toBe('done'));
    expect(effects.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it.each(['before', 'after'] as const)(
    '(%s it was stored) is told to the caller, who may send the command again',
    async (when) => {
      const failing = world.process(failingAt(1, when));
      expect((await failing.door.post({ ...later, idempotencyKey: 'k' })).json().code).toBe('queue-away');
      const again = await failing.door.post({ ...later, idempotencyKey: 'k' });
      expect(again.statusCode).toBe(202);
      await world.startWorker(failing);
      await eventually(async () => expect((await stateOf(failing.door, again.json().statusUrl)).state).toBe('done'));
      expect(new Set(failing.door.gateway.calls.map(({ commandId }) => commandId)).size).toBe(1);
    },
  );
});
