import { describe, expect, it } from 'vitest';
import type { CaptureProgress } from '#connectors/capture/types.ts';
import { decodeProgress, type ProgressRecord, progressTopic } from '#schemas/progressRecord.ts';
import { at, PRODUCT, setUpPublisher, signal, stateAt } from './publishFixture.ts';

const told = (change: Partial<CaptureProgress> = {}): CaptureProgress => ({
  database: 'EPOS',
  position: stateAt(5).position,
  sourceTimeMs: 1_700_000_000_000,
  complete: ['dbo.PRODUCT', 'dbo.OTHER'],
  waiting: ['dbo.THIRD'],
  ...change,
});

async function records(kafka: ReturnType<typeof setUpPublisher>['kafka']): Promise<(ProgressRecord | null)[]> {
  const found: (ProgressRecord | null)[] = [];
  await kafka.readTopic({
    topic: progressTopic('epos'),
    from: 'beginning',
    onBatch: ({ messages }) => void found.push(...messages.map(({ value }) => decodeProgress(value))),
  });
  return found;
}

describe('the progress a capture tells its readers', () => {
  it('names the topics of the tables that are complete, and not those of the others', async () => {
    const { kafka, opened } = setUpPublisher({ now: () => 1_700_000_000_500 });
    const publisher = await opened([PRODUCT]);
    await publisher.progress(told(), signal);
    expect(await records(kafka)).toEqual([
      {
        format: 1,
        capture: 'capture',
        position: stateAt(5).position,
        sourceTimeMs: 1_700_000_000_000,
        atMs: 1_700_000_000_500,
        topics: ['epos.EPOS.dbo.OTHER', 'epos.EPOS.dbo.PRODUCT'],
      },
    ]);
  });

  it('names a topic that several tables share only when all of them are complete', async () => {
    const { kafka, opened } = setUpPublisher({ rules: { topicName: '{prefix}.all' } });
    const publisher = await opened([PRODUCT]);
    await publisher.progress(told(), signal);
    await publisher.progress(told({ complete: ['dbo.PRODUCT', 'dbo.OTHER', 'dbo.THIRD'], waiting: [] }), signal);
    expect((await records(kafka)).map((record) => record!.topics)).toEqual([[], ['epos.all']]);
  });

  it('is not told any more by a capture that another one has taken over from', async () => {
    const { opened } = setUpPublisher();
    const older = await opened([PRODUCT]);
    await opened([PRODUCT]);
    await expect(older.progress(told(), signal)).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
  });

  it('is not a record that cannot be read: another form, other bytes, a tombstone', () => {
    const record = { format: 1, capture: 'c', position: at(1), sourceTimeMs: null, atMs: 1, topics: [] };
    expect(decodeProgress(Buffer.from(JSON.stringify(record)))).toEqual(record);
    for (const other of [
      { ...record, format: 2 },
      { ...record, topics: 'x' },
      { ...record, sourceTimeMs: '1' },
    ])
      expect(decodeProgress(Buffer.from(JSON.stringify(other)))).toBeNull();
    expect(decodeProgress(Buffer.from('{'))).toBeNull();
    expect(decodeProgress(null)).toBeNull();
  });
});
