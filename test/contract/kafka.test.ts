import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { AssignerProtocol, Kafka, logLevel } from '#infra/kafka/kafkajs.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { unreliableProxy } from '#test/support/consumers/unreliableProxy.ts';
import { eventually } from '#test/support/eventually.ts';
import { kafkaContract } from './kafkaContract.ts';
import { kafkaGroupContract } from './kafkaGroupContract.ts';

describe('the real Kafka client', () => {
  let client: KafkaClient | undefined;
  const brokers = (): string[] => [...(process.env['SLUICE_TEST_KAFKA']?.split(',') ?? inject('stack').kafka!.brokers)];
  const open = (): KafkaClient => {
    client ??= createKafkaClient({ brokers: brokers(), clientId: 'contract' }, silentLogger);
    return client;
  };
  afterAll(() => client?.close());
  kafkaContract(open);
  kafkaGroupContract(open);

  test('a group that is started while no broker answers joins when one does', async () => {
    const door = await unreliableProxy(`tcp://${brokers()[0]}`);
    door.breakOff();
    const client = createKafkaClient({ brokers: [new URL(door.url).host], clientId: 'contract' }, silentLogger);
    try {
      const topic = `contract-${randomUUID()}`;
      await open().ensureTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
      const options = { groupId: `g-${topic}`, topics: [topic], fromBeginning: true, onBatch: async () => undefined };
      const group = client.consumerGroup(options);
      const started = group.start(new AbortController().signal);
      started.catch(() => undefined);
      // More often than the library itself would ask again.
      await eventually(() => expect(door.refused()).toBeGreaterThan(20), { timeoutMs: 60_000 });
      door.mend();
      await started;
      await group.stop();
    } finally {
      await client.close();
      await door.close();
    }
  }, 120_000);

  test('foreign tools see what each member of a group reads and has', async () => {
    const client = open();
    const topic = `contract-${randomUUID()}`;
    const groupId = `g-${randomUUID()}`;
    await client.ensureTopics([{ topic, partitions: 3, replicationFactor: 1 }]);
    const options = { groupId, topics: [topic], fromBeginning: true, onBatch: async () => undefined };
    const group = client.consumerGroup(options);
    await group.start(new AbortController().signal);
    // The library's own reading of Kafka's formats, which know nothing of ours.
    const admin = new Kafka({ brokers: brokers(), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const { groups } = await admin.describeGroups([groupId]);
    expect(groups[0]).toMatchObject({ state: 'Stable', protocolType: 'consumer', protocol: 'sluice-cooperative' });
    const [member] = groups[0]!.members;
    expect(AssignerProtocol.MemberMetadata.decode(member!.memberMetadata)?.topics).toEqual([topic]);
    expect(AssignerProtocol.MemberAssignment.decode(member!.memberAssignment)?.assignment).toEqual({
      [topic]: [0, 1, 2],
    });
    await admin.disconnect();
    await group.stop();
  });

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
