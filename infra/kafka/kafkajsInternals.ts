import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import { SluiceError } from '#infra/runtime/errors.ts';

/** The one version whose inner parts this folder was written and tested against. */
const KAFKAJS_VERSION = '2.2.4';

/** A record as the library decodes it from a fetch. Offsets and times are decimal text. */
export interface RawRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, RawHeader>>;
  readonly isControlRecord: boolean;
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
}

/** The library gives an array for a header that is written more than once. */
export type RawHeader = Buffer | string | undefined | readonly (Buffer | string)[];

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly RawRecord[];
}

/** The connection to one broker, as far as we use it. */
export interface InternalBroker {
  fetch(request: {
    readonly isolationLevel: 0 | 1;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }): Promise<{
    readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
  }>;
}

/** The library's view of the cluster: metadata and connections, without any group. */
export interface InternalCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, number[]>>;
  findBroker(which: { readonly nodeId: string }): Promise<InternalBroker>;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning?: boolean;
      readonly fromTimestamp?: number;
    }[],
  ): Promise<
    readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[]
  >;
}

let checked = false;

/** @throws SluiceError KAFKA_CLIENT_VERSION when another version of the library is installed. */
export function checkKafkajsVersion(): void {
  if (checked) return;
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string };
  if (version !== KAFKAJS_VERSION) {
    throw new SluiceError('KAFKA_CLIENT_VERSION', `kafkajs ${KAFKAJS_VERSION} is needed, found ${version}`);
  }
  checked = true;
}

/**
 * Makes a cluster object of the library, which has no public way to read a topic without joining a group. Requests use isolation level
 * read committed, so that end offsets are last stable offsets.
 */
export function createInternalCluster(kafka: Kafka): InternalCluster {
  checkKafkajsVersion();
  const symbol = Object.getOwnPropertySymbols(kafka).find((s) => s.description === 'private:Kafka:createCluster');
  const create = symbol && (kafka as unknown as Record<symbol, unknown>)[symbol];
  if (typeof create !== 'function') {
    throw new SluiceError('KAFKA_CLIENT_VERSION', `kafkajs ${KAFKAJS_VERSION} was expected to have a cluster factory`);
  }
  return create({ metadataMaxAge: 60_000, allowAutoTopicCreation: false, isolationLevel: 1 }) as InternalCluster;
}
