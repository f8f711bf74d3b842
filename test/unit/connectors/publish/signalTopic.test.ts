import { describe, expect, test } from 'vitest';
import type { ReceivedSignal } from '#connectors/capture/control.ts';
import {
  SIGNAL_LIFETIME_MS,
  SignalTopic,
  sendSignal,
  signalTopic,
  signalTopicSpec,
} from '#connectors/publish/signalTopic.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

let nowMs = Date.now();
const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
const signals = (kafka: KafkaClient, name = 'shop') =>
  new SignalTopic({ kafka, topicPrefix: 'p', replicationFactor: 1, name, log: silentLogger, clock });

async function prepared(): Promise<KafkaClient> {
  const kafka = createMemoryKafka();
  await kafka.ensureTopics([signalTopicSpec('p', 1)]);
  return kafka;
}

/** Asks as a session does, with time going on, until so many have come. */
function received(topic: SignalTopic, from: string | null, count: number): Promise<readonly ReceivedSignal[]> {
  return eventually(async () => {
    nowMs += 1000;
    const found = await topic.read(from);
    expect(found).toHaveLength(count);
    return found;
  });
}

describe('the signals of a capture', () => {
  test('come in order from the asked offset on, and only its own', async () => {
    const kafka = await prepared();
    await sendSignal(kafka, 'p', 'shop', { type: 'pause' });
    await sendSignal(kafka, 'p', 'other', { type: 'pause' });
    expect(await sendSignal(kafka, 'p', 'shop', { type: 'resume' })).toBe(2n);
    const topic = signals(kafka);
    expect((await received(topic, null, 2)).map((s) => [s.offset, s.signal?.type])).toEqual([
      ['0', 'pause'],
      ['2', 'resume'],
    ]);
    expect(await received(topic, '1', 1)).toMatchObject([{ offset: '2' }]);
    await sendSignal(kafka, 'p', 'shop', { type: 'snapshot', table: 'dbo.ITEM' });
    expect(await received(topic, '3', 1)).toMatchObject([{ offset: '3', signal: { table: 'dbo.ITEM' } }]);
  });

  test('are given again to a session that starts from an earlier place', async () => {
    const kafka = await prepared();
    for (const type of ['pause', 'resume', 'pause'] as const) await sendSignal(kafka, 'p', 'shop', { type });
    const topic = signals(kafka);
    await received(topic, null, 3);
    await received(topic, '3', 0);
    expect((await received(topic, '1', 2)).map((s) => s.offset)).toEqual(['1', '2']);
  });

  test('that cannot be understood, or are older than an hour, come as such', async () => {
    const kafka = await prepared();
    const producer = await kafka.producer();
    const send = (value: string, timestampMs: number) =>
      producer.send(signalTopic('p'), 0, [{ key: Buffer.from('shop'), value: Buffer.from(value), timestampMs }]);
    await send('{"type":"explode"}', nowMs);
    await send('{"type":"pause"}', nowMs - SIGNAL_LIFETIME_MS - 60_000);
    const [unknown, old] = await received(signals(kafka), null, 2);
    expect(unknown?.error).toMatchObject({ code: 'CAPTURE_SIGNAL_INVALID' });
    expect(old?.error?.message).toContain('minutes ago');
  });

  test('that cannot be read stop nothing', async () => {
    const broken = { ...createMemoryKafka(), ensureTopics: () => Promise.reject(new Error('away')) };
    const topic = signals(broken);
    for (let i = 0; i < 3; i++) {
      nowMs += 1000;
      expect(await topic.read(null)).toEqual([]);
    }
  });
});
