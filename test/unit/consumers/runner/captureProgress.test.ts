import { describe, expect, it } from 'vitest';
import { CaptureProgress } from '#consumers/runner/captureProgress.ts';
import { CopyTracker } from '#consumers/runner/copyTracker.ts';
import { encodeProgress, type ProgressRecord, progressTopic, progressTopicSpec } from '#schemas/progressRecord.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const { signal } = new AbortController();
const record = (capture: string, position: string, topics: string[] = ['a']): ProgressRecord => ({
  format: 1,
  capture,
  position,
  sourceTimeMs: null,
  atMs: 1,
  topics,
});

async function told() {
  const kafka = createMemoryKafka();
  await kafka.ensureTopics([progressTopicSpec('p', 1)]);
  const producer = await kafka.producer();
  const tell = async (...records: { key: Buffer; value: Buffer }[]) => {
    await producer.send(progressTopic('p'), 0, records);
  };
  return { kafka, tell, progress: new CaptureProgress(kafka, 'p') };
}

describe('what captures tell of themselves', () => {
  it('is followed for each capture by its newest record; what cannot be read is passed over', async () => {
    const { tell, progress } = await told();
    expect(await progress.newest(signal)).toEqual([]);
    await tell(
      encodeProgress(record('one', '1')),
      encodeProgress(record('two', '5')),
      encodeProgress(record('one', '2')),
    );
    expect(await progress.newest(signal)).toEqual([record('one', '2'), record('two', '5')]);
    await tell({ key: Buffer.from('two'), value: Buffer.from('{"format":2}') });
    expect(await progress.newest(signal)).toEqual([record('one', '2'), record('two', '5')]);
    await tell(encodeProgress(record('two', '6')));
    expect((await progress.newest(signal)).at(-1)).toEqual(record('two', '6'));
  });

  it('is followed on when the topic was made anew', async () => {
    const { kafka, tell, progress } = await told();
    for (let i = 0; i < 5; i++) await tell(encodeProgress(record('one', String(i))));
    await progress.newest(signal);
    await kafka.deleteTopics([progressTopic('p')]);
    await kafka.ensureTopics([progressTopicSpec('p', 1)]);
    await tell(encodeProgress(record('one', '9')));
    expect(await progress.newest(signal)).toEqual([record('one', '9')]);
  });

  it('is a promise to a copy only where one capture speaks of all its topics', () => {
    const tracker = new CopyTracker({ name: 'rows', stages: [{ reads: [{ groupId: 'g', topics: ['a', 'b'] }] }] });
    tracker.promised([record('one', '1', ['a']), record('two', '7', ['b'])]);
    expect(tracker.wantsEnds(0)).toBe(false);
    tracker.promised([record('one', '2', ['a', 'b', 'c']), record('two', '7', ['x'])]);
    tracker.ended(0, new Map([['a/0', 4n]]));
    expect(tracker.handled(0, () => true)).toEqual({ position: '2', sourceTimeMs: null });
  });

  const lagging = (): CopyTracker => {
    const tracker = new CopyTracker({ name: 'rows', stages: [{ reads: [{ groupId: 'g', topics: ['a'] }] }] });
    for (let i = 0; i < 1000; i++) {
      tracker.promised([record('one', String(i).padStart(4, '0'))]);
      if (tracker.wantsEnds(0)) tracker.ended(0, new Map([['a/0', BigInt(1000 + i)]]));
    }
    return tracker;
  };

  it('is kept in bounded number while a copy lags, the oldest and the newest always', () => {
    let asked = 0;
    const tracker = lagging();
    expect(tracker.handled(0, () => ++asked === 0)).toBeNull();
    expect(asked).toBeLessThanOrEqual(32);
    expect(tracker.handled(0, (_, end) => end <= 1003n)).toMatchObject({ position: '0000' });
    expect(tracker.handled(0, (_, end) => end <= 1999n)).toMatchObject({ position: '0999' });
  });

  it('is kept although many that are older can never be: their topic was made anew', () => {
    const tracker = lagging();
    tracker.promised([record('one', '2000')]);
    tracker.ended(0, new Map([['a/0', 5n]]));
    expect(tracker.handled(0, (_, end) => end <= 5n)).toMatchObject({ position: '2000' });
  });
});
