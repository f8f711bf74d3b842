import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ack, AckGuard } from '#infra/kafka/ackGuard.ts';
import { guardedSend } from '#infra/kafka/kafkajsProducer.ts';

/**
 * The library's own code for a send, with a cluster that is played: broker 1 leads partition 0 and broker 2 leads partition 1. Broker 1 fails while broker 2
 * answers, and then broker 2 leads both. Source of the case: kafkajs 2.2.4, `producer/sendMessages`.
 */
const load = createRequire(import.meta.url);
const sendMessages = load(join(dirname(load.resolve('kafkajs/package.json')), 'src/producer/sendMessages.js')) as (
  parts: object,
) => (request: object) => Promise<Ack[]>;

interface Batch {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly messages: readonly { value: Buffer }[] }[];
}

class PlayedCluster {
  readonly stored: Record<number, string[]> = { 0: [], 1: [] };
  readonly targetTopics = new Set<string>();
  #leaderOfFirst = '1';
  readonly #brokers = new Map(['1', '2'].map((nodeId) => [nodeId, this.#broker(nodeId)]));

  readonly refreshMetadataIfNecessary = async (): Promise<void> => undefined;
  readonly refreshMetadata = async (): Promise<void> => undefined;
  readonly addMultipleTargetTopics = async (): Promise<void> => undefined;
  readonly isConnected = (): boolean => true;
  readonly findTopicPartitionMetadata = (): object[] => [{ partitionId: 0 }, { partitionId: 1 }];
  readonly findBroker = async ({ nodeId }: { nodeId: string }): Promise<object> => this.#brokers.get(nodeId)!;

  readonly findLeaderForPartitions = (_topic: string, partitions: readonly (number | string)[]) => {
    const leaders: Record<string, number[]> = {};
    for (const partition of partitions.map(Number)) {
      const leader = partition === 0 ? this.#leaderOfFirst : '2';
      leaders[leader] = [...(leaders[leader] ?? []), partition];
    }
    return leaders;
  };

  #broker(nodeId: string): object {
    return {
      nodeId,
      produce: async ({ topicData }: { topicData: readonly Batch[] }): Promise<object> => {
        if (nodeId === '1') {
          // The other broker has answered by the time this one is given up.
          await new Promise((resolve) => setImmediate(resolve));
          this.#leaderOfFirst = '2';
          throw Object.assign(new Error('no answer'), { name: 'KafkaJSProtocolError', retriable: true });
        }
        const topics = topicData.map(({ topic, partitions }) => ({
          topicName: topic,
          partitions: partitions.map(({ partition, messages }) => {
            const list = this.stored[partition]!;
            const baseOffset = String(list.length);
            list.push(...messages.map((m) => String(m.value)));
            return { partition, errorCode: 0, baseOffset };
          }),
        }));
        return { topics };
      },
    };
  }
}

function played(): { readonly cluster: PlayedCluster; readonly send: (request: object) => Promise<Ack[]> } {
  const cluster = new PlayedCluster();
  const send = sendMessages({
    logger: { debug: () => undefined, error: () => undefined },
    cluster,
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    eosManager: {
      isTransactional: () => false,
      isInitialized: () => true,
      acquireBrokerLock: async () => undefined,
      releaseBrokerLock: () => undefined,
      getSequence: () => 0,
      updateSequence: () => undefined,
      getProducerId: () => '1',
      getProducerEpoch: () => 0,
    },
    // The library's own waits in between are of no interest here.
    retrier: async (work: (bail: (error: Error) => void) => Promise<Ack[]>) => {
      for (let attempt = 0; ; attempt++) {
        try {
          return await work((error) => {
            throw error;
          });
        } catch (error) {
          if (attempt === 5) throw error;
        }
      }
    },
  });
  return { cluster, send };
}

const message = (partition: number) => ({ partition, key: Buffer.from('k'), value: Buffer.from(`m${partition}`) });

describe('a leader that moves while a send runs', () => {
  test('makes the library lose a message and say that all is well, when the send is to several partitions', async () => {
    const { cluster, send } = played();
    const answers = await send({
      acks: -1,
      timeout: 1000,
      topicMessages: [{ topic: 't', messages: [message(0), message(1)] }],
    });
    expect(answers.map((a) => Number(a.partition))).toEqual([1]);
    expect(cluster.stored).toEqual({ 0: [], 1: ['m1'] });
    // What the library takes for success is none for the guard.
    expect(() => new AckGuard().check('t', 0, 1, answers)).toThrow(/KAFKA_PRODUCER_BROKEN|not confirmed/);
  });

  test('loses nothing in our sends, which are to one partition each', async () => {
    const { cluster, send } = played();
    const guard = new AckGuard();
    const one = (record: { topic: string; acks: number; timeout: number; messages: readonly object[] }) =>
      send({
        acks: record.acks,
        timeout: record.timeout,
        topicMessages: [{ topic: record.topic, messages: record.messages }],
      }) as never;
    const stored = await Promise.all(
      [0, 1].map((partition) => {
        const { key, value } = message(partition);
        return guardedSend(one, guard, 't', partition, [{ key, value }]);
      }),
    );
    expect(stored).toEqual([{ baseOffset: 0n }, { baseOffset: 0n }]);
    expect(cluster.stored).toEqual({ 0: ['m0'], 1: ['m1'] });
  });
});
