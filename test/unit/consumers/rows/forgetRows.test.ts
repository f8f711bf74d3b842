import { beforeEach, describe, expect, it } from 'vitest';
import { forgetRows } from '#consumers/rows/forgetRows.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { CopyLedger } from '#consumers/runner/ledger.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const TOPIC = 'shop.dbo.A';
const TABLE = 'dbo.A';
const GROUP = 'app.rows';
const KEEP_MS = 1000;
const signal = new AbortController().signal;
const position = (lsn: number, op = 2): string => `${String(lsn).padStart(20, '0')}${'0'.repeat(28)}${op}`;

describe('a deleted row', () => {
  let nowMs: number;
  let kafka: KafkaClient;
  let store: RowStore;
  let forget: () => Promise<number | null>;
  let commit: (offset: bigint) => Promise<void>;
  let ledger: CopyLedger;

  beforeEach(async () => {
    nowMs = 10_000;
    // Whoever sleeps has waited long enough.
    const clock: Clock = { now: () => nowMs, sleep: async () => undefined };
    kafka = createMemoryKafka();
    await kafka.ensureTopics([{ topic: TOPIC, partitions: 1, replicationFactor: 1 }]);
    const producer = await kafka.producer();
    await producer.send(TOPIC, 0, [{ key: Buffer.from('k'), value: null }]);
    commit = (offset) => kafka.commitOffsets(GROUP, new Map([[TOPIC, new Map([[0, offset]])]]));
    await commit(1n);
    const redis = new MemoryRedis().connection();
    store = new RowStore(redis, { clock });
    ledger = new CopyLedger(redis, GROUP);
    const place = { topic: TOPIC, partition: 0, begin: 0n, outdated: null, believed: 0n, goal: 0n };
    await ledger.open([place], [place]);
    forget = () =>
      forgetRows(
        {
          kafka,
          redis,
          store,
          clock,
          groupPrefix: 'app',
          groupId: GROUP,
          topics: [TOPIC],
          tables: new Map([[TOPIC, TABLE]]),
          keepMs: KEEP_MS,
          log: silentLogger,
        },
        signal,
      );
    await written(5, { X: 'x' }, ['X=x']);
  });

  /** Writes a version and, unless told otherwise, does all that follows. */
  async function written(lsn: number, row: { X: string } | null, links: string[] = [], settle = true): Promise<void> {
    const done = await store.write(TABLE, [{ key: 'k', position: position(lsn), row, links }]);
    if (settle) await store.settle(TABLE, done);
  }
  const kept = async (): Promise<boolean> => (await store.versions(TABLE, ['k'])).has('k');

  it('is forgotten when it is old enough, and a living one never', async () => {
    nowMs += 2 * KEEP_MS;
    expect(await forget()).toBe(0);
    await written(6, null);
    nowMs += KEEP_MS;
    expect(await forget()).toBe(0);
    nowMs += 1;
    expect(await store.countDeleted(TABLE)).toBe(1);
    expect(await forget()).toBe(1);
    expect(await kept()).toBe(false);
    expect(await store.countDeleted(TABLE)).toBe(0);
  });

  it('is remembered when it came back to life', async () => {
    await written(6, null);
    await written(7, { X: 'x' }, ['X=x']);
    nowMs += 2 * KEEP_MS;
    expect(await forget()).toBe(0);
    expect((await store.read(TABLE, ['k'])).get('k')).toEqual({ X: 'x' });
  });

  it('is remembered until its documents are marked', async () => {
    await written(6, null, [], false);
    nowMs += 2 * KEEP_MS;
    expect(await forget()).toBe(0);
    await written(6, null);
    expect(await forget()).toBe(1);
  });

  it('is remembered while its group is behind, or reads again', async () => {
    await written(6, null);
    nowMs += 2 * KEEP_MS;
    await commit(0n);
    expect(await forget()).toBeNull();
    expect(await kept()).toBe(true);
    await commit(1n);
    expect(await forget()).toBe(1);
  });

  it('is remembered while rows that were lost come again', async () => {
    await written(6, null);
    nowMs += 2 * KEEP_MS;
    const place = { topic: TOPIC, partition: 0, begin: 0n, outdated: null, believed: 1n, goal: 1n };
    await ledger.open([place], [place]);
    expect(await forget()).toBeNull();
  });

  it('is remembered while an older version of any row of its table is a dead letter', async () => {
    await written(6, null);
    nowMs += 2 * KEEP_MS;
    const letters = new DeadLetters(kafka, 'app', { partitions: 1, replicationFactor: 1 });
    await letters.open();
    const message = {
      topic: TOPIC,
      partition: 0,
      offset: 0n,
      timestampMs: 0,
      key: Buffer.from('k'),
      value: Buffer.from('older'),
      headers: { 'sluice.position': Buffer.from(position(4)) },
    };
    await letters.put(GROUP, [{ message, error: new SluiceError('RECORD_UNREADABLE', 'no') }], nowMs);
    expect(await forget()).toBe(0);
    expect(await kept()).toBe(true);
    await letters.settle(GROUP, [message]);
    expect(await forget()).toBe(1);
    await letters.close();
  });
});
