import { describe, expect, test } from 'vitest';
import { endOf } from '#connectors/capture/position.ts';
import type { CaptureState } from '#connectors/capture/types.ts';
import { positionRecord, positionTopic, positionTopicSpec, readPosition } from '#connectors/publish/positionStore.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const place = endOf(lsn('0'.repeat(19).concat('7')));
const state: CaptureState = {
  position: place,
  positionTimeMs: 1_700_000_000_000,
  tables: {
    'dbo.A': { instance: 'dbo_A', snapshot: { state: 'done', lastKey: ['9'], rows: 9 } },
    'dbo.B': {
      instance: 'dbo_B',
      snapshot: { state: 'running', lastKey: ['1', 'x'], rows: 2 },
      position: place,
      stopped: { code: 'CDC_VALUE_UNFIT', reason: 'why', at: place, sinceMs: 1, held: false },
    },
  },
  paused: true,
  snapshots: [],
  signalOffset: '12',
};

async function stored(...values: readonly (object | string)[]) {
  const kafka = createMemoryKafka(new MemoryBroker());
  await kafka.ensureTopics([positionTopicSpec('p', 1)]);
  const producer = await kafka.transactionalProducer({ transactionalId: 't' });
  for (const value of values) {
    const transaction = await producer.begin();
    const record =
      typeof value === 'object' && 'key' in value
        ? (value as ReturnType<typeof positionRecord>)
        : { key: Buffer.from('c'), value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) };
    await transaction.send(positionTopic('p'), 0, [record]);
    await transaction.commit();
  }
  return readPosition(kafka, 'p', 'c', new AbortController().signal);
}

describe('the stored state of a capture', () => {
  test('comes back as it was, the newest of its name', async () => {
    const older = { ...state, paused: false };
    expect(await stored(positionRecord('c', older), positionRecord('c', state), positionRecord('d', older))).toEqual(
      state,
    );
  });

  test('is none where nothing was stored', async () => {
    expect(await stored()).toBeNull();
  });

  test('of the first form is still read: its tables go on from where they were', async () => {
    const snapshots = { 'dbo.A': { state: 'done', lastKey: null, rows: 3 } };
    expect(await stored({ format: 1, position: place, snapshots })).toEqual({
      position: place,
      positionTimeMs: null,
      tables: { 'dbo.A': { instance: '', snapshot: snapshots['dbo.A'] } },
      paused: false,
      snapshots: [],
      signalOffset: null,
    });
  });

  test.each([
    ['a later form', { format: 3, position: place }],
    ['no position', { format: 2, position: 'here', tables: {} }],
    ['a place of a table that is none', { format: 2, ...state, tables: { 'dbo.A': { position: 'there' } } }],
    ['nonsense', 'nonsense'],
  ])('that cannot be understood is a named error: %s', async (_, value) => {
    await expect(stored(value)).rejects.toMatchObject({ code: 'CAPTURE_POSITION_UNREADABLE' });
  });
});
