import { beforeEach, describe, expect, it } from 'vitest';
import { auditTopic } from '#consumers/runner/auditLog.ts';
import { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { LetterDesk } from '#consumers/runner/letterDesk.ts';
import { originalOf } from '#consumers/runner/letterFormat.ts';
import { listLetters, readLetters } from '#consumers/runner/letterReader.ts';
import { replayRecords } from '#consumers/runner/replay.ts';
import { type RecordBatch, Runner } from '#consumers/runner/runner.ts';
import { createRunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { eventually } from '#test/support/eventually.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const signal = new AbortController().signal;
const TOPICS = ['shop.dbo.A', 'shop.dbo.B'];

describe('dead letters', () => {
  let kafka: KafkaClient;
  let deadLetters: DeadLetters;
  let desk: LetterDesk;
  /** Values that cannot be handled for now. */
  let bad: Set<string>;
  let handled: string[];

  beforeEach(async () => {
    kafka = createMemoryKafka();
    await kafka.ensureTopics(TOPICS.map((topic) => ({ topic, partitions: 2, replicationFactor: 1 })));
    deadLetters = new DeadLetters(kafka, 'app', { partitions: 2, replicationFactor: 1 });
    await deadLetters.open();
    desk = new LetterDesk(kafka, 'app', 1);
    bad = new Set();
    handled = [];
  });

  const runner = async (groupId: string): Promise<{ stop(): Promise<void> }> => {
    const component = new Runner<string>({
      kafka,
      groupId,
      topics: TOPICS,
      deadLetters,
      metrics: createRunnerMetrics(createMetrics()),
      log: silentLogger,
      maxBatchRecords: 10,
      decode: async ({ value }) => {
        const text = value === null ? 'nothing' : value.toString();
        if (bad.has(text)) throw new SluiceError('RECORD_UNREADABLE', `cannot read ${text}`);
        return text;
      },
      handle: async ({ topic, partition, records }: RecordBatch<string>) => {
        for (const { value, message } of records)
          handled.push(`${groupId} ${topic}/${partition}@${message.offset} ${message.key} ${value}`);
      },
    }).component();
    await component.start(signal);
    return { stop: () => component.stop() };
  };

  const send = async (topic: string, partition: number, ...values: (string | null)[]): Promise<void> => {
    const producer = await kafka.producer();
    const messages = values.map((value) => ({
      key: Buffer.from('k'),
      value: value === null ? null : Buffer.from(value),
    }));
    await producer.send(topic, partition, messages);
  };
  const open = () => listLetters(kafka, 'app', {});

  it('are handled as the records they were when they are redelivered, by the group they belong to only, and then are gone', async () => {
    bad.add('x').add('nothing');
    const [one, two] = [await runner('app.one'), await runner('app.two')];
    await send('shop.dbo.A', 1, 'ok', 'x', null);
    await eventually(async () => expect(await open()).toHaveLength(4));
    bad.clear();
    handled.length = 0;
    const letters = await listLetters(kafka, 'app', { group: 'app.one' });
    await desk.redeliver(letters, 'somebody', signal);
    await eventually(async () => expect(await desk.outcomes(letters, signal)).toEqual(['settled', 'settled']));
    expect(handled).toEqual(['app.one shop.dbo.A/1@1 k x', 'app.one shop.dbo.A/1@2 k nothing']);
    expect((await open()).map(({ groupId }) => groupId)).toEqual(['app.two', 'app.two']);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('count their attempts and keep their first time when they come back', async () => {
    bad.add('x');
    const one = await runner('app.one');
    await send('shop.dbo.A', 0, 'x');
    await eventually(async () => expect(await open()).toHaveLength(1));
    const letters = await open();
    await desk.redeliver(letters, 'somebody', signal);
    await eventually(async () => expect(await desk.outcomes(letters, signal)).toEqual(['came back']));
    const [again] = await open();
    expect(again).toMatchObject({ id: letters[0]!.id, attempts: 2, firstAt: letters[0]!.firstAt, offset: 0n });
    const originals: (IncomingMessage | null)[] = [];
    await readLetters(kafka, 'app', [again!], async (records) => void originals.push(...records.map(originalOf)));
    expect(originals.map((o) => [o!.topic, o!.offset, String(o!.key), String(o!.value)])).toEqual([
      ['shop.dbo.A', 0n, 'k', 'x'],
    ]);
    await one.stop();
  });

  it('can be picked by id, group, topic, code and time, and be discarded with a reason that is kept', async () => {
    bad.add('x');
    const one = await runner('app.one');
    await send('shop.dbo.A', 0, 'x');
    await send('shop.dbo.B', 0, 'x');
    await eventually(async () => expect(await open()).toHaveLength(2));
    const [first] = await listLetters(kafka, 'app', { topic: 'dbo.B' });
    expect(first).toMatchObject({ topic: 'shop.dbo.B', code: 'RECORD_UNREADABLE' });
    expect(await listLetters(kafka, 'app', { ids: [first!.id.slice(0, 6)] })).toEqual([first]);
    expect(await listLetters(kafka, 'app', { code: 'OTHER' })).toEqual([]);
    expect(await listLetters(kafka, 'app', { sinceMs: Date.now() + 60_000 })).toEqual([]);
    expect(await listLetters(kafka, 'app', { sinceMs: Date.parse(first!.lastAt), attempts: 1 })).toContainEqual(first);
    expect(await listLetters(kafka, 'app', { untilMs: Date.parse(first!.lastAt) })).not.toContainEqual(first);
    expect(await listLetters(kafka, 'app', { attempts: 2 })).toEqual([]);
    expect(String(first!.key)).toBe('k');
    await desk.discard([first!], 'somebody', 'no longer sold', signal);
    expect((await open()).map(({ topic }) => topic)).toEqual(['shop.dbo.A']);
    const audit: unknown[] = [];
    await kafka.readTopic({
      topic: auditTopic('app'),
      from: 'beginning',
      onBatch: ({ messages }) => void audit.push(...messages.map(({ value }) => JSON.parse(String(value)))),
    });
    expect(audit).toMatchObject([
      {
        action: 'discard',
        by: 'somebody',
        reason: 'no longer sold',
        letters: [{ id: first!.id, record: 'shop.dbo.B/0@0', code: 'RECORD_UNREADABLE', attempts: 1 }],
      },
    ]);
    await one.stop();
  });

  it('are left alone by a replay, which gives chosen records to a running group again', async () => {
    bad.add('x');
    const [one, two] = [await runner('app.one'), await runner('app.two')];
    await send('shop.dbo.A', 0, 'a', 'x', 'b');
    await eventually(() => expect(handled).toHaveLength(4));
    await eventually(async () => expect(await open()).toHaveLength(2));
    handled.length = 0;
    const sent = await replayRecords(
      {
        kafka,
        groupPrefix: 'app',
        groupId: 'app.two',
        topic: 'shop.dbo.A',
        from: new Map([[0, 1n]]),
        wanted: async ({ value }) => value?.toString() !== 'never',
        ratePerSecond: 1000,
      },
      signal,
    );
    expect(sent).toBe(2);
    await eventually(() => expect(handled).toEqual(['app.two shop.dbo.A/0@2 k b']));
    await eventually(async () =>
      expect((await open()).map((l) => [l.groupId, l.attempts])).toEqual([
        ['app.one', 1],
        ['app.two', 1],
      ]),
    );
    await Promise.all([one.stop(), two.stop()]);
  });
});
