import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { kafkaContract } from './kafkaContract.ts';
import { kafkaGroupContract } from './kafkaGroupContract.ts';

describe('the real Kafka client', () => {
  let client: KafkaClient | undefined;
  const open = (): KafkaClient => {
    const brokers = process.env['SLUICE_TEST_KAFKA']?.split(',') ?? inject('stack').kafka!.brokers;
    client ??= createKafkaClient({ brokers, clientId: 'contract' }, silentLogger);
    return client;
  };
  afterAll(() => client?.close());
  kafkaContract(open);
  kafkaGroupContract(open);

  // Source of the case: an idempotent producer of the library that goes on after a partial error gets its next message taken for a
  // duplicate: the send resolves and the message is in no log.
  test('a rejected send ends the producer, and a new one loses nothing', async () => {
    const kafka = open();
    const topic = `contract-${randomUUID()}`;
    await kafka.ensureTopics([{ topic, partitions: 2, replicationFactor: 1 }]);
    const message = (value: string | Buffer) => ({ key: Buffer.from('k'), value: Buffer.from(value) });
    const first = await kafka.producer();
    await first.send(topic, 0, [message('A')]);
    const sends = await Promise.allSettled([
      first.send(topic, 0, [message('B')]),
      first.send(topic, 1, [message(Buffer.alloc(2_000_000))]),
    ]);
    expect(sends[1]!.status).toBe('rejected');
    await expect(first.send(topic, 0, [message('C')])).rejects.toMatchObject({ code: 'KAFKA_PRODUCER_BROKEN' });
    const second = await kafka.producer();
    await second.send(topic, 0, [message('C')]);
    await second.send(topic, 0, [message('D'), message('E')]);
    const values: string[] = [];
    await kafka.readTopic({
      topic,
      from: 'beginning',
      onBatch: (b) => void values.push(...b.messages.map((m) => String(m.value))),
    });
    const stored =
      sends[0]!.status === 'fulfilled'
        ? ['A', 'B', 'C', 'D', 'E']
        : values.filter((v) => v === 'B').length === 1
          ? ['A', 'B', 'C', 'D', 'E']
          : ['A', 'C', 'D', 'E'];
    expect(values).toEqual(stored);
  });
});
