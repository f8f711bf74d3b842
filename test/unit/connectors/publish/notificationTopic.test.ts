import { describe, expect, test } from 'vitest';
import { NotificationTopic, notificationTopic } from '#connectors/publish/notificationTopic.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

type Sent = { aggregate_type: string; type: string; additional_data: Record<string, string>; timestamp: number };

function setUp() {
  const kafka = createMemoryKafka(new MemoryBroker());
  const broken = { count: 0 };
  const fragile: KafkaClient = {
    ...kafka,
    producer: async () => {
      if (broken.count > 0) {
        broken.count--;
        throw new Error('Kafka is away');
      }
      return kafka.producer();
    },
  };
  const clock = { now: () => 1_700_000_000_000, sleep: () => Promise.resolve() };
  const topic = new NotificationTopic({
    kafka: fragile,
    topicPrefix: 'epos',
    replicationFactor: 1,
    name: 'capture',
    log: silentLogger,
    clock,
  });
  const sent = async (): Promise<Sent[]> => {
    const found: Sent[] = [];
    await topic.idle();
    await kafka.readTopic({
      topic: notificationTopic('epos'),
      from: 'beginning',
      onBatch: ({ messages }) => {
        for (const { key, value } of messages) {
          expect(key!.toString()).toBe('capture');
          found.push(JSON.parse(value!.toString()) as Sent);
        }
      },
    });
    return found;
  };
  return { topic, sent, broken };
}

describe('the topic of notifications', () => {
  test("holds them as JSON under Debezium's names, with the facts as texts", async () => {
    const { topic, sent } = setUp();
    topic.notify({ type: 'snapshot_started', id: 'dbo.A', table: 'dbo.A', reason: 'initial' });
    topic.notify({ type: 'snapshot_table_completed', id: 'adhoc-1', table: 'dbo.A', rows: 5 });
    topic.notify({ type: 'instance_may_be_dropped', table: 'dbo.A', instance: 'dbo_A', script: 'EXEC x' });
    topic.notify({ type: 'table_renamed', table: 'dbo.A', to: 'dbo.B' });
    expect(
      (await sent()).map(({ aggregate_type, type, additional_data }) => [aggregate_type, type, additional_data]),
    ).toEqual([
      [
        'Initial Snapshot',
        'STARTED',
        { capture: 'capture', kind: 'snapshot_started', id: 'dbo.A', table: 'dbo.A', reason: 'initial' },
      ],
      [
        'Incremental Snapshot',
        'TABLE_SCAN_COMPLETED',
        { capture: 'capture', kind: 'snapshot_table_completed', id: 'adhoc-1', table: 'dbo.A', rows: '5' },
      ],
      [
        'Capture Instance',
        'COMPLETED',
        { capture: 'capture', kind: 'instance_may_be_dropped', table: 'dbo.A', instance: 'dbo_A', script: 'EXEC x' },
      ],
      ['Capture', 'TABLE_RENAMED', { capture: 'capture', kind: 'table_renamed', table: 'dbo.A', to: 'dbo.B' }],
    ]);
  });

  test('gets what was said while Kafka was away, in order', async () => {
    const { topic, sent, broken } = setUp();
    broken.count = 3;
    for (let i = 0; i < 5; i++) topic.notify({ type: 'log', message: String(i) });
    expect((await sent()).map((s) => s.additional_data['message'])).toEqual(['0', '1', '2', '3', '4']);
    await topic.close();
  });

  test('keeps the newest thousand when Kafka stays away', async () => {
    const { topic, sent, broken } = setUp();
    broken.count = 1;
    for (let i = 0; i < 1200; i++) topic.notify({ type: 'log', message: String(i) });
    const messages = (await sent()).map((s) => Number(s.additional_data['message']));
    expect(messages.length).toBe(1000);
    expect([messages[0], messages.at(-1)]).toEqual([200, 1199]);
  });
});
