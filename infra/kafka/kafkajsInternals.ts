import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { FetchResponse } from './patch/fetchResponse.ts';

/** The one version whose inner parts this folder was written and tested against. */
const KAFKAJS_VERSION = '2.2.4';

/** Offsets by topic as requests of the protocol list them. */
export type TopicList<P> = readonly { readonly topic: string; readonly partitions: readonly P[] }[];

/** Who speaks, in requests of a group's member. */
interface MemberOf {
  readonly groupId: string;
  readonly memberId: string;
}

/** The connection to one broker, as far as we use it. Fetches go over a connection of their own. */
export interface InternalBroker {
  fetch(request: {
    readonly isolationLevel: 0 | 1;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: TopicList<{ readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }>;
  }): Promise<FetchResponse>;
  /** Waits for the other members; the library asks again by itself when it is given a member id first. */
  joinGroup(
    request: MemberOf & {
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    },
  ): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    /** Empty but for the leader. */
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(
    request: MemberOf & {
      readonly generationId: number;
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    },
  ): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: MemberOf & { readonly groupGenerationId: number }): Promise<unknown>;
  leaveGroup(request: MemberOf): Promise<unknown>;
  offsetCommit(
    request: MemberOf & {
      readonly groupGenerationId: number;
      readonly topics: TopicList<{ readonly partition: number; readonly offset: string }>;
    },
  ): Promise<unknown>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: TopicList<{ readonly partition: number }>;
  }): Promise<{ readonly responses: TopicList<{ readonly partition: number; readonly offset: string }> }>;
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
  /** Node id of the broker that leads the group. */
  findGroupCoordinatorMetadata(which: {
    readonly groupId: string;
    readonly coordinatorType: 0;
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
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

/** The protocol's error of this number, named as the library names it. */
export function protocolError(code: number): Error {
  const load = createRequire(import.meta.url);
  const { createErrorFromCode } = load('kafkajs/src/protocol/error.js') as {
    createErrorFromCode: (code: number) => Error;
  };
  return createErrorFromCode(code);
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
