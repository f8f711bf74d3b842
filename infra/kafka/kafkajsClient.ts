import type { Admin } from 'kafkajs';
import type { Logger } from '#infra/runtime/logger.ts';
import { GroupCoordinator } from './group/coordinator.ts';
import { Kafka, logLevel } from './kafkajs.ts';
import { commitOffsets, committedOffsets, ensureTopics, groupMembers } from './kafkajsAdmin.ts';
import { asKafkaError } from './kafkajsErrors.ts';
import { KafkajsGroup, ProcessLoad } from './kafkajsGroup.ts';
import { checkKafkajsVersion, createInternalCluster, type InternalCluster } from './kafkajsInternals.ts';
import { kafkajsLogCreator } from './kafkajsLog.ts';
import { openPartitionProducer } from './kafkajsProducer.ts';
import { endOffsets, offsetRanges, offsetsAt, readToEnd, topicPartitions, untilKnown } from './kafkajsReader.ts';
import { openTransactionalProducer, TRANSACTION_RETRY } from './kafkajsTransactions.ts';
import { DEFAULT_SESSION_TIMEOUT_MS, type KafkaClient, type KafkaClientOptions } from './types.ts';

/** Something opened by the client that has to be closed with it. */
interface Closable {
  close(): Promise<void>;
}

/** The real client: kafkajs 2.2.4 behind our interface, with the guards its known faults need. */
export function createKafkaClient(options: KafkaClientOptions, log: Logger): KafkaClient {
  checkKafkajsVersion();
  const settings = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: 3000,
    requestTimeout: 8000,
    logLevel: logLevel.INFO,
    logCreator: kafkajsLogCreator(log),
  };
  const kafka = new Kafka({ ...settings, retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: 8 } });
  const transactionalKafka = new Kafka({ ...settings, retry: TRANSACTION_RETRY });
  const load = new ProcessLoad();
  const opened = new Set<Closable>();
  const track = <T extends Closable>(thing: T): T => {
    opened.add(thing);
    return thing;
  };
  const admin = once(async () => {
    const connected: Admin = kafka.admin();
    await asKafkaError(`connecting to ${options.brokers.join(', ')}`, () => connected.connect());
    track({ close: () => connected.disconnect() });
    return connected;
  });
  const cluster = once(async () => {
    const connected: InternalCluster = createInternalCluster(kafka);
    await asKafkaError(`connecting to ${options.brokers.join(', ')}`, () => connected.connect());
    track({ close: () => connected.disconnect() });
    return connected;
  });

  const coordinators = new Map<string, GroupCoordinator>();
  const coordinatorOf = async (groupId: string): Promise<GroupCoordinator> => {
    const known = coordinators.get(groupId) ?? new GroupCoordinator(await cluster(), groupId);
    coordinators.set(groupId, known);
    return known;
  };

  return {
    ensureTopics: async (specs) => {
      await ensureTopics(await admin(), specs);
      const connected = await cluster();
      for (const { topic } of specs) await untilKnown(connected, topic);
    },
    partitionCount: async (topic) => (await topicPartitions(await cluster(), topic))?.length ?? null,
    listTopics: async () => {
      const connected = await admin();
      return asKafkaError('listing topics', () => connected.listTopics());
    },
    deleteTopics: async (topics) => {
      const connected = await admin();
      await asKafkaError('deleting topics', () => connected.deleteTopics({ topics: [...topics] }));
    },
    producer: async () => track(await openPartitionProducer(kafka)),
    transactionalProducer: async (id) => track(await openTransactionalProducer(transactionalKafka, id)),
    consumerGroup(group) {
      const { sessionTimeoutMs = DEFAULT_SESSION_TIMEOUT_MS } = options;
      const member = new KafkajsGroup(kafka, { sessionTimeoutMs, ...group }, log, load);
      track({ close: () => member.stop() });
      return member;
    },
    readTopic: async (read) => readToEnd(await cluster(), read),
    topicOffsets: async (topic) => offsetRanges(await cluster(), topic),
    endOffsets: async (topics) => endOffsets(await cluster(), topics),
    offsetsByTimestamp: async (topic, timestampMs) => offsetsAt(await cluster(), topic, timestampMs),
    committedOffsets: async (groupId, topics) => committedOffsets(await coordinatorOf(groupId), groupId, topics),
    groupMembers: async (groupId) => groupMembers(await admin(), groupId),
    commitOffsets: async (groupId, offsets) => commitOffsets(await coordinatorOf(groupId), groupId, offsets),
    async close() {
      await Promise.allSettled([...opened].map((thing) => thing.close()));
      opened.clear();
    },
  };
}

/** Runs `make` at the first call and again after a failure; later calls share its result. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
