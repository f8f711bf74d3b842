import { describe, expect, test } from 'vitest';
import { Handlers, type HandlersOptions } from '#infra/kafka/group/handlers.ts';
import { OwnedPartitions } from '#infra/kafka/group/ownedPartitions.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';

const message = (topic: string, partition: number, offset: bigint) => ({
  topic,
  partition,
  offset,
  timestampMs: 0,
  key: null,
  value: null,
  headers: {},
});

function world(more: Partial<HandlersOptions> = {}) {
  const owned = new OwnedPartitions();
  owned.add(
    new Map([
      ['narrow', [0]],
      ['wide', [0]],
    ]),
  );
  const handled: string[] = [];
  const committed: string[] = [];
  const failures: unknown[] = [];
  const handlers = new Handlers({
    owned,
    concurrency: 1,
    maxBytesPerPartition: 100,
    isPaused: () => false,
    onBatch: async ({ topic, messages }) => void handled.push(`${topic}:${messages.map((m) => m.offset)}`),
    onHandled: ({ place }, next) => void committed.push(`${place}@${next}`),
    onFailed: (error) => void failures.push(error),
    log: silentLogger,
    ...more,
  });
  const fetched = (topic: string, offsets: readonly number[], bytes = 10): void =>
    owned.get(topic, 0)!.push({
      messages: offsets.map((offset) => message(topic, 0, BigInt(offset))),
      bytes,
      next: BigInt((offsets.at(-1) ?? 0) + 1),
      highWatermark: 100n,
    });
  return { owned, handlers, handled, committed, failures, fetched };
}

describe('handlers of a group', () => {
  test('take turns: no partition waits while another is handled twice', async () => {
    const { handlers, handled, fetched } = world();
    for (let i = 0; i < 6; i++) {
      fetched('narrow', [i], 100);
      fetched('wide', [i], 100);
    }
    handlers.dispatch();
    await eventually(() => expect(handled).toHaveLength(12));
    for (let i = 0; i < 12; i += 2)
      expect(
        handled
          .slice(i, i + 2)
          .map((h) => h.split(':')[0])
          .sort(),
      ).toEqual(['narrow', 'wide']);
  });

  test('get what several fetches brought as one batch, up to the size, and the offset after it is told', async () => {
    const { handlers, handled, committed, fetched } = world();
    fetched('narrow', [0, 1], 40);
    fetched('narrow', [2], 40);
    fetched('narrow', [3], 40);
    handlers.dispatch();
    await eventually(() => expect(committed).toEqual(['narrow/0@3', 'narrow/0@4']));
    expect(handled).toEqual(['narrow:0,1,2', 'narrow:3']);
  });

  test('pass over fetches that brought no records', async () => {
    const { handlers, handled, committed, fetched } = world();
    fetched('narrow', []);
    handlers.dispatch();
    await eventually(() => expect(committed).toEqual(['narrow/0@1']));
    expect(handled).toEqual([]);
  });

  test('know that a partition was moved or given away while they worked, and then nothing is committed', async () => {
    const gate = Promise.withResolvers<void>();
    const stale: boolean[] = [];
    const { owned, handlers, committed, fetched } = world({
      concurrency: 2,
      onBatch: async (_batch, control) => {
        stale.push(control.isStale());
        await gate.promise;
        stale.push(control.isStale());
        await expect(control.heartbeat()).rejects.toMatchObject({ code: 'KAFKA_MEMBERSHIP_LOST' });
      },
    });
    fetched('narrow', [5]);
    fetched('wide', [5]);
    handlers.dispatch();
    owned.get('narrow', 0)!.moveTo(2n);
    owned.remove([owned.get('wide', 0)!]);
    gate.resolve();
    await eventually(() => expect(stale).toEqual([false, false, true, true]));
    expect(committed).toEqual([]);
    expect(owned.get('narrow', 0)!.position).toBe(2n);
  });

  test('give the same batch again while its error may pass, and tell one that does not', async () => {
    let calls = 0;
    const { handlers, committed, failures, fetched } = world({
      onBatch: async () => {
        calls++;
        if (calls < 3) throw new SluiceError('KAFKA_UNREACHABLE', 'try again');
        throw new Error('a fault');
      },
    });
    fetched('narrow', [0]);
    handlers.dispatch();
    await eventually(() => expect(failures).toEqual([new Error('a fault')]));
    expect([calls, committed]).toEqual([3, []]);
  });

  test('a close lets batches in hand end, then tells them to stop', async () => {
    const gate = Promise.withResolvers<void>();
    let aborted = false;
    const { handlers, committed, fetched } = world({
      concurrency: 2,
      onBatch: async ({ topic }, control) => {
        if (topic === 'narrow') return gate.promise;
        await new Promise<void>((resolve) => control.signal.addEventListener('abort', () => resolve()));
        aborted = true;
        control.signal.throwIfAborted();
      },
    });
    fetched('narrow', [0]);
    fetched('wide', [0]);
    handlers.dispatch();
    const closed = handlers.close(200);
    gate.resolve();
    await closed;
    expect(aborted).toBe(true);
    expect(committed).toEqual(['narrow/0@1']);
  });
});
