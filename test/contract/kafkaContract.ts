import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { IncomingMessage, KafkaClient, OutgoingMessage } from '#infra/kafka/types.ts';
import { eventually } from '#test/support/eventually.ts';

const message = (key: string, value: string | null, headers?: Record<string, string>): OutgoingMessage => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  ...(headers && { headers }),
});
const texts = (messages: readonly IncomingMessage[]): string[] => messages.map((m) => m.value?.toString() ?? 'null');

/** What every KafkaClient must do; run against the real one and the in-memory one. */
export function kafkaContract(open: () => KafkaClient): void {
  const topicOf = async (client: KafkaClient, partitions = 2): Promise<string> => {
    const topic = `contract-${randomUUID()}`;
    await client.ensureTopics([{ topic, partitions, replicationFactor: 1 }]);
    return topic;
  };
  const readAll = async (client: KafkaClient, topic: string): Promise<IncomingMessage[]> => {
    const all: IncomingMessage[] = [];
    await client.readTopic({ topic, from: 'beginning', onBatch: (batch) => void all.push(...batch.messages) });
    return all;
  };

  test('a topic is created once, with its partitions, and a second call accepts it', async () => {
    const client = open();
    const spec = {
      topic: `contract-${randomUUID()}`,
      partitions: 3,
      replicationFactor: 1,
      config: { 'cleanup.policy': 'compact' },
    };
    await client.ensureTopics([spec]);
    await client.ensureTopics([spec]);
    expect(await client.partitionCount(spec.topic)).toBe(3);
    expect(await client.listTopics()).toContain(spec.topic);
    expect(await client.partitionCount(`${spec.topic}-not`)).toBeNull();
  });

  test('a topic with too few partitions or another clean-up policy is refused by name', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const wanted = { topic, partitions: 2, replicationFactor: 1 };
    await expect(client.ensureTopics([wanted])).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISMATCH' });
    await expect(
      client.ensureTopics([{ ...wanted, partitions: 1, config: { 'cleanup.policy': 'compact' } }]),
    ).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISMATCH' });
  });

  test('keys, values, tombstones, headers, offsets and timestamps come back as they were sent', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const producer = await client.producer();
    const first = await producer.send(topic, 0, [
      { ...message('k', 'v', { 'sluice.position': 'p1', other: 'x' }), timestampMs: 1_700_000_000_123 },
      message('k', null),
    ]);
    const second = await producer.send(topic, 0, [{ key: null, value: Buffer.from([0, 255, 7]) }]);
    expect([first.baseOffset, second.baseOffset]).toEqual([0n, 2n]);
    const read = await readAll(client, topic);
    expect(read.map((m) => m.offset)).toEqual([0n, 1n, 2n]);
    expect(read[0]).toMatchObject({ topic, partition: 0, timestampMs: 1_700_000_000_123 });
    expect(read[0]!.key!.toString()).toBe('k');
    expect(read[0]!.headers['sluice.position']!.toString()).toBe('p1');
    expect(read[1]!.value).toBeNull();
    expect(read[2]!.key).toBeNull();
    expect([...read[2]!.value!]).toEqual([0, 255, 7]);
  });

  test('sends to one partition keep their order even when they are not awaited one by one', async () => {
    const client = open();
    const topic = await topicOf(client, 2);
    const producer = await client.producer();
    const values = Array.from({ length: 40 }, (_, i) => `v${i}`);
    await Promise.all(values.map((value, i) => producer.send(topic, i % 2, [message('k', value)])));
    const read = await readAll(client, topic);
    for (const partition of [0, 1]) {
      expect(texts(read.filter((m) => m.partition === partition))).toEqual(
        values.filter((_, i) => i % 2 === partition),
      );
    }
  });

  test('a transaction becomes visible as a whole at its commit, and an aborted one never', async () => {
    const client = open();
    const topic = await topicOf(client, 2);
    const producer = await client.transactionalProducer({ transactionalId: `t-${randomUUID()}` });
    const aborted = await producer.begin();
    await aborted.send(topic, 0, [message('a', 'gone')]);
    await aborted.abort();
    const committed = await producer.begin();
    await committed.send(topic, 0, [message('a', 'one')]);
    await committed.send(topic, 1, [message('b', 'two')]);
    expect(await readAll(client, topic)).toEqual([]);
    await committed.commit();
    await eventually(async () => expect(texts(await readAll(client, topic)).sort()).toEqual(['one', 'two']));
    await producer.close();
  });

  test('a newer instance fences the older one and gives up its open transaction', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const transactionalId = `t-${randomUUID()}`;
    const older = await client.transactionalProducer({ transactionalId });
    const open1 = await older.begin();
    await open1.send(topic, 0, [message('k', 'old')]);
    const newer = await client.transactionalProducer({ transactionalId });
    await expect(open1.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
    await expect(older.begin()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
    const open2 = await newer.begin();
    await open2.send(topic, 0, [message('k', 'new')]);
    await open2.commit();
    await eventually(async () => expect(texts(await readAll(client, topic))).toEqual(['new']));
    await newer.close();
  });

  test('a group gets every record once, commits after the handler and goes on where it stopped', async () => {
    const client = open();
    const topic = await topicOf(client, 3);
    const groupId = `g-${randomUUID()}`;
    const producer = await client.producer();
    const send = (value: string) => {
      const key = Buffer.from(value);
      return producer.send(topic, partitionFor(key, 3), [{ key, value: key }]);
    };
    for (let i = 0; i < 30; i++) await send(`a${i}`);
    const run = async (expected: number): Promise<string[]> => {
      const seen: string[] = [];
      const group = client.consumerGroup({
        groupId,
        topics: [topic],
        fromBeginning: true,
        onBatch: async (batch) => void seen.push(...texts(batch.messages)),
      });
      await group.start(new AbortController().signal);
      await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(expected));
      await eventually(async () => expect(await lag(client, groupId, topic)).toBe(0n));
      await group.stop();
      return seen;
    };
    expect((await run(30)).sort()).toEqual(Array.from({ length: 30 }, (_, i) => `a${i}`).sort());
    await send('b');
    expect(await run(1)).toEqual(['b']);
  });

  test('two members share the partitions and together see every record', async () => {
    const client = open();
    const topic = await topicOf(client, 4);
    const groupId = `g-${randomUUID()}`;
    const seen = new Set<string>();
    const owned: Record<string, number> = {};
    const member = (name: string) =>
      client.consumerGroup({
        groupId,
        topics: [topic],
        fromBeginning: true,
        onAssigned: (assignment) => {
          owned[name] = assignment.get(topic)?.length ?? 0;
        },
        onBatch: async (batch) => {
          for (const text of texts(batch.messages)) seen.add(text);
        },
      });
    const [first, second] = [member('first'), member('second')];
    await Promise.all([first.start(new AbortController().signal), second.start(new AbortController().signal)]);
    await eventually(() => expect(owned).toEqual({ first: 2, second: 2 }));
    const producer = await client.producer();
    for (let i = 0; i < 20; i++) await producer.send(topic, i % 4, [message('k', `v${i}`)]);
    await eventually(() => expect(seen.size).toBe(20));
    await Promise.all([first.stop(), second.stop()]);
  });

  test('a handler that fails for good fails the group and commits nothing; a retriable failure gives the batch again', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const producer = await client.producer();
    await producer.send(topic, 0, [message('k', 'v')]);
    const { SluiceError } = await import('#infra/runtime/errors.ts');
    let calls = 0;
    const groupId = `g-${randomUUID()}`;
    const group = client.consumerGroup({
      groupId,
      topics: [topic],
      fromBeginning: true,
      onBatch: async () => {
        calls++;
        if (calls < 3) throw new SluiceError('KAFKA_UNREACHABLE', 'try again');
        throw new Error('a fault of the handler');
      },
    });
    await group.start(new AbortController().signal);
    await expect(group.failed).rejects.toThrow('a fault of the handler');
    expect(calls).toBe(3);
    await group.stop();
    expect((await client.committedOffsets(groupId, [topic])).get(topic)?.size ?? 0).toBe(0);
  });

  test('a topic can be read from given offsets, and the reading can be stopped', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const producer = await client.producer();
    await producer.send(
      topic,
      0,
      ['a', 'b', 'c'].map((v) => message('k', v)),
    );
    const seen: string[] = [];
    const next = await client.readTopic({
      topic,
      from: new Map([[0, 1n]]),
      onBatch: (batch) => void seen.push(...texts(batch.messages)),
    });
    expect(seen).toEqual(['b', 'c']);
    expect(next.get(0)).toBe(3n);
    let batches = 0;
    await client.readTopic({ topic, from: 'beginning', onBatch: () => ++batches > 5 && false });
    expect(batches).toBe(1);
  });

  test('a reading ends where the topic ended when it began, and the next one loses nothing of what came meanwhile', async () => {
    const client = open();
    const topic = await topicOf(client, 2);
    const producer = await client.producer();
    await producer.send(topic, 0, [message('k', 'a')]);
    await producer.send(topic, 1, [message('k', 'b')]);
    const seen: string[] = [];
    const read = (from: 'beginning' | ReadonlyMap<number, bigint>) =>
      client.readTopic({
        topic,
        from,
        onBatch: async (batch) => {
          // While the first partition is read, the other one grows.
          if (seen.length === 0) await producer.send(topic, 1 - batch.partition, [message('k', 'late')]);
          seen.push(...texts(batch.messages));
        },
      });
    await read(await read('beginning'));
    expect([seen.slice(0, 2).toSorted(), seen.slice(2)]).toEqual([['a', 'b'], ['late']]);
  });

  test('offsets are told by range, by time and by group, and a group without members can be moved', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const producer = await client.producer();
    for (const [i, v] of ['a', 'b', 'c'].entries()) {
      await producer.send(topic, 0, [{ ...message('k', v), timestampMs: 1_700_000_000_000 + i * 1000 }]);
    }
    expect((await client.topicOffsets(topic)).get(0)).toEqual({ begin: 0n, end: 3n });
    expect((await client.offsetsByTimestamp(topic, 1_700_000_000_500)).get(0)).toBe(1n);
    expect((await client.offsetsByTimestamp(topic, 1_800_000_000_000)).get(0)).toBe(3n);
    const groupId = `g-${randomUUID()}`;
    await client.commitOffsets(groupId, new Map([[topic, new Map([[0, 2n]])]]));
    expect((await client.committedOffsets(groupId, [topic])).get(topic)?.get(0)).toBe(2n);
    expect(await client.groupMembers(groupId)).toBe(0);
    const group = client.consumerGroup({
      groupId,
      topics: [topic],
      fromBeginning: true,
      onBatch: async () => undefined,
    });
    await group.start(new AbortController().signal);
    expect(await client.groupMembers(groupId)).toBe(1);
    await group.stop();
    expect(await client.groupMembers(`none-${groupId}`)).toBe(0);
  });

  test('a topic that does not exist is named in the error', async () => {
    const client = open();
    await expect(client.topicOffsets('contract-no-such-topic')).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING' });
  });
}

/** Records of the topic the group has not committed yet. */
export async function lag(client: KafkaClient, groupId: string, topic: string): Promise<bigint> {
  const committed = (await client.committedOffsets(groupId, [topic])).get(topic) ?? new Map<number, bigint>();
  let behind = 0n;
  for (const [partition, { begin, end }] of await client.topicOffsets(topic)) {
    behind += end - (committed.get(partition) ?? begin);
  }
  return behind;
}
