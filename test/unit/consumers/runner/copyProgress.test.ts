import { describe, expect, it } from 'vitest';
import { CopyProgress } from '#consumers/runner/copyProgress.ts';
import type { RedisCall, RedisCommands } from '#infra/redis/client.ts';
import { encodeProgress, progressTopic, progressTopicSpec } from '#schemas/progressRecord.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const { signal } = new AbortController();
const RECORD = { key: Buffer.from('k'), value: Buffer.from('v') };

describe('the progress of a copy', () => {
  it('is not told by the offsets of a topic that was made anew, until its group has gone back', async () => {
    const kafka = createMemoryKafka();
    const claims: string[] = [];
    let taken = '0';
    const redis = {
      key: (...parts: readonly string[]) => parts.join(':'),
      send: async (call: RedisCall) => void claims.push(String(call.args[1])),
      sendAll: async (calls: readonly RedisCall[]) =>
        calls.map(({ name, args }) => {
          if (name === 'HGETALL') return ['id', 'life', 'a/0', taken];
          return args[1] === 'id' || claims.length > 0 ? 'life' : null;
        }),
    } as unknown as RedisCommands;
    const copies = [{ name: 'stock', stages: [{ reads: [{ groupId: 'g.stock', topics: ['a'] }] }] }];
    const watcher = new CopyProgress({ kafka, redis, topicPrefix: 'p', groupPrefix: 'g', copies });
    const topic = { topic: 'a', partitions: 1, replicationFactor: 1 };
    await kafka.ensureTopics([progressTopicSpec('p', 1), topic]);
    const producer = await kafka.producer();
    const tell = async (position: string): Promise<void> => {
      const promise = { format: 1 as const, capture: 'c', position, sourceTimeMs: null, atMs: 1, topics: ['a'] };
      await producer.send(progressTopic('p'), 0, [encodeProgress(promise)]);
      await watcher.round(signal);
    };
    await producer.send('a', 0, [RECORD, RECORD, RECORD]);
    taken = '3';
    await tell('1');
    expect(claims).toEqual(['1']);
    await kafka.deleteTopics(['a']);
    await kafka.ensureTopics([topic]);
    await producer.send('a', 0, [RECORD, RECORD]);
    await tell('2');
    expect(claims).toEqual(['1']);
    taken = '1';
    await tell('3');
    expect(claims).toEqual(['1']);
    taken = '2';
    await tell('4');
    expect(claims).toEqual(['1', '4']);
  });
});
