import { beforeEach, describe, expect, it } from 'vitest';
import { DeadLetters, deadLetterTopic } from '#consumers/runner/deadLetters.ts';
import { groupLag } from '#consumers/runner/lag.ts';
import { Runner, type RunnerOptions } from '#consumers/runner/runner.ts';
import { createRunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { eventually } from '#test/support/eventually.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

describe('a runner', () => {
  let kafka: KafkaClient;
  let deadLetters: DeadLetters;
  beforeEach(async () => {
    kafka = createMemoryKafka();
    await kafka.ensureTopics([{ topic: 'in', partitions: 1, replicationFactor: 1 }]);
    deadLetters = new DeadLetters(kafka, 'app', { partitions: 1, replicationFactor: 1 });
    await deadLetters.open();
    const producer = await kafka.producer();
    const message = (text: string) => ({ key: Buffer.from('k'), value: Buffer.from(text), headers: { h: 'x' } });
    await producer.send('in', 0, ['1', 'bad', '2', '3'].map(message));
  });

  const run = async (
    part: Partial<RunnerOptions<number>>,
  ): Promise<{ runner: Runner<number>; failed: Promise<never>; stop(): Promise<void> }> => {
    const runner = new Runner<number>({
      kafka,
      groupId: 'app.test',
      topics: ['in'],
      deadLetters,
      metrics: createRunnerMetrics(createMetrics()),
      log: silentLogger,
      maxBatchRecords: 2,
      decode: async ({ value }) => {
        if (value!.toString() === 'bad') throw new SluiceError('RECORD_UNREADABLE', 'bad record');
        return Number(value!.toString());
      },
      handle: async () => undefined,
      ...part,
    });
    const component = runner.component();
    await component.start(new AbortController().signal);
    return { runner, failed: component.failed!, stop: () => component.stop() };
  };

  it('handles slices in order, puts poisoned records aside with their bytes and commits', async () => {
    const slices: number[][] = [];
    const { runner, stop } = await run({
      handle: async ({ records }) => void slices.push(records.map(({ value }) => value)),
    });
    await eventually(async () => expect(await groupLag(kafka, 'app.test', ['in'])).toBe(0));
    await stop();
    expect(slices).toEqual([[1], [2, 3]]);
    expect(runner.status()).toMatchObject({ state: 'stopped', records: 4, deadLetters: 1 });
    const letters: IncomingMessage[] = [];
    await kafka.readTopic({
      topic: deadLetterTopic('app'),
      from: 'beginning',
      onBatch: ({ messages }) => void letters.push(...messages),
    });
    expect(letters.map(({ key, value }) => [key!.toString(), value!.toString()])).toEqual([['app.test|in|0|1', 'bad']]);
    const headers = Object.fromEntries(Object.entries(letters[0]!.headers).map(([name, text]) => [name, String(text)]));
    expect(headers).toMatchObject({
      h: 'x',
      'sluice.dead.key': 'k',
      'sluice.dead.attempts': '1',
      'sluice.dead.group': 'app.test',
      'sluice.dead.topic': 'in',
      'sluice.dead.offset': '1',
      'sluice.dead.code': 'RECORD_UNREADABLE',
    });
  });

  it('puts aside what the handler rejects and goes on', async () => {
    const { runner, stop } = await run({
      handle: async ({ records }, control) => {
        for (const { value, message } of records)
          if (value === 2) control.reject(message, new SluiceError('PROJECTION_FAILED', 'two'));
      },
    });
    await eventually(() => expect(runner.status()).toMatchObject({ records: 4, deadLetters: 2 }));
    await stop();
  });

  it('tries a retriable error again without losing or committing anything', async () => {
    let away = 3;
    const { runner, stop } = await run({
      handle: async () => {
        if (away-- > 0) throw new SluiceError('REDIS_UNREACHABLE', 'away');
      },
    });
    await eventually(() => expect(runner.status()).toMatchObject({ state: 'running', records: 4, deadLetters: 1 }));
    expect(runner.status().lastError).toBe('REDIS_UNREACHABLE');
    await stop();
  });

  it('halts on an error it does not know and commits nothing', async () => {
    const { runner, failed, stop } = await run({
      handle: async () => {
        throw new TypeError('unforeseen');
      },
    });
    await expect(failed).rejects.toThrow('unforeseen');
    expect(runner.status().state).toBe('failed');
    expect(await groupLag(kafka, 'app.test', ['in'])).toBe(4);
    await stop();
  });
});
