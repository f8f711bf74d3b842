/**
 * The project's own view of Kafka. Everything outside `infra/kafka` speaks these types only, so that another client library can take the
 * place of the present one. Offsets are bigint everywhere; partitions are numbers; keys and values are bytes.
 */

/** A topic as it shall exist. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic-level settings, e.g. `{ 'cleanup.policy': 'compact' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A record to be written. `value: null` is a tombstone. */
export interface OutgoingMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string | Buffer>>;
  /** Record timestamp, ms since 1970 UTC; the time of sending when left out. */
  readonly timestampMs?: number;
}

/** A record as read. Consumers read committed records only. */
export interface IncomingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** A header written more than once keeps its last value. */
  readonly headers: Readonly<Record<string, Buffer>>;
}

/** Records of one topic-partition, in offset order, never empty. */
export interface MessageBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly IncomingMessage[];
  /** Offset after the last record of the partition when the batch was fetched. */
  readonly highWatermark: bigint;
  /** What is committed when the batch was handled: beyond its last record, control records included. Groups give it, `readTopic` does not. */
  readonly nextOffset?: bigint;
}

/** What a batch handler may ask while it works. */
export interface BatchControl {
  /** Fires when the consumer is stopping. */
  readonly signal: AbortSignal;
  /** Lets timers run in the middle of long work, the membership's own among them. Rejects when the partition was taken away. */
  heartbeat(): Promise<void>;
  /** True when this partition was taken away or moved by a seek, or the member stops: drop the rest of the batch, write nothing more. */
  isStale(): boolean;
}

/** Where a message was stored. */
export interface Appended {
  /** Offset of the first message of the send. */
  readonly baseOffset: bigint;
}

/**
 * Idempotent producer with the guard: one topic-partition a `send`, every answer checked. After a rejected `send` the instance is unusable
 * (KAFKA_PRODUCER_BROKEN): make a new one and write again from the last acknowledged message.
 */
export interface PartitionProducer {
  /** Writes the messages to one partition and resolves when they are stored (acks=all). One call in flight a partition; others queue. */
  send(topic: string, partition: number, messages: readonly OutgoingMessage[]): Promise<Appended>;
  close(): Promise<void>;
}

/** An open Kafka transaction. After any rejection the transaction is lost; `abort` is then allowed and quiet. */
export interface Transaction {
  /** Tells the broker in one request which partitions will be written. Optional: it saves a round trip for each of them. */
  include(partitions: readonly { readonly topic: string; readonly partition: number }[]): Promise<void>;
  /** Sends to different partitions may run side by side; to one partition one at a time. */
  send(topic: string, partition: number, messages: readonly OutgoingMessage[]): Promise<Appended>;
  /** Makes all sends visible together. When it rejects, the outcome is unknown: read the position back before writing again. */
  commit(): Promise<void>;
  /** Makes none of the sends visible. */
  abort(): Promise<void>;
}

/**
 * Transactional producer. Opening it fences any older instance with the same transactional id: from then on every call of the older one
 * rejects with KAFKA_FENCED. After any other rejection the instance is unusable (KAFKA_PRODUCER_BROKEN): open a new one.
 */
export interface TransactionalProducer {
  /** Starts a transaction; at most one at a time. */
  begin(): Promise<Transaction>;
  close(): Promise<void>;
}

/** The least that brokers accept unless told otherwise: partitions of a killed member pause for this long. */
export const DEFAULT_SESSION_TIMEOUT_MS = 6000;

export interface ConsumerGroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where to start a partition without a committed offset: its beginning (true) or its end. */
  readonly fromBeginning: boolean;
  /**
   * Handles one batch. The offset after its last record is committed when the handler resolves. When it rejects nothing is committed and
   * the component fails (`failed` rejects), except when the error is retriable: then the same batch is given again after a pause.
   */
  readonly onBatch: (batch: MessageBatch, control: BatchControl) => Promise<void>;
  /** Told after each (re-)assignment with what this member now owns. */
  readonly onAssigned?: (assignment: ReadonlyMap<string, readonly number[]>) => void;
  /** How many partitions may be handled at once, one batch each. Default 1. */
  readonly concurrency?: number;
  /** Most bytes fetched per partition and request. Default 1 MiB. */
  readonly maxBytesPerPartition?: number;
  /** Longest wait of a fetch for new data, ms. Default 100. */
  readonly maxWaitMs?: number;
  /** A member not heard of for this long is taken for dead, ms. Default 6000; brokers accept 6000 to 1800000 unless told otherwise. */
  readonly sessionTimeoutMs?: number;
  /** One member gets all partitions and keeps them while it lives; the others wait. All members of the group must ask for it. */
  readonly exclusive?: boolean;
}

/** A running group membership; has the shape of a runtime `Component`. */
export interface ConsumerGroup {
  readonly name: string;
  readonly failed: Promise<never>;
  /** Resolves when the member has joined and has its assignment. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /** Stops fetching the topics (all of the group's when none are named) until `resume`; membership is kept. */
  pause(topics?: readonly string[]): void;
  resume(topics?: readonly string[]): void;
  /** Moves one owned partition; the next batch starts at this offset. */
  seek(topic: string, partition: number, offset: bigint): void;
  /**
   * Commits an earlier offset of one owned partition as this member, then moves there: whoever owns the partition next starts there too.
   * Rejects when the membership is lost (the partition is another's then).
   */
  rewind(topic: string, partition: number, offset: bigint): Promise<void>;
}

export interface ReadTopicOptions {
  readonly topic: string;
  /** All partitions when left out. */
  readonly partitions?: readonly number[];
  /** First offset of each partition; `beginning` for the first there is. Partitions missing from the map start at their beginning. */
  readonly from: 'beginning' | ReadonlyMap<number, bigint>;
  /** Called and awaited for one batch at a time; when it gives (a promise of) `false` the reading stops. */
  readonly onBatch: (batch: MessageBatch) => unknown;
  readonly signal?: AbortSignal;
}

/** First and next offset of a partition. `end` counts committed records only (last stable offset). */
export interface OffsetRange {
  readonly begin: bigint;
  readonly end: bigint;
}

/** partition → offset. */
export type PartitionOffsets = ReadonlyMap<number, bigint>;

export interface KafkaClient {
  /**
   * Creates the topics that are missing and checks those that exist: fewer partitions or another cleanup.policy than wanted is
   * KAFKA_TOPIC_MISMATCH. More partitions than wanted are accepted.
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  /** Number of partitions; null when the topic does not exist. */
  partitionCount(topic: string): Promise<number | null>;
  listTopics(): Promise<readonly string[]>;
  deleteTopics(topics: readonly string[]): Promise<void>;

  /** Opens an idempotent producer. */
  producer(): Promise<PartitionProducer>;
  /** Opens a transactional producer and fences older ones with the same id. */
  transactionalProducer(options: {
    readonly transactionalId: string;
    /** After this long without an end the broker aborts the transaction. Default 60000. */
    readonly transactionTimeoutMs?: number;
  }): Promise<TransactionalProducer>;

  consumerGroup(options: ConsumerGroupOptions): ConsumerGroup;
  /**
   * Reads committed records from `from` to the end as it was at the call, without a group and without committing anything.
   * Resolves with the next offset of each partition.
   */
  readTopic(options: ReadTopicOptions): Promise<PartitionOffsets>;

  /** First and next offsets of every partition of each topic. */
  topicOffsets(topic: string): Promise<ReadonlyMap<number, OffsetRange>>;
  /** Next offsets (last stable ones) of several topics, in one request to each leader. */
  endOffsets(topics: readonly string[]): Promise<ReadonlyMap<string, PartitionOffsets>>;
  /** Offset of the first record at or after the time (ms since 1970); the end when there is none. */
  offsetsByTimestamp(topic: string, timestampMs: number): Promise<PartitionOffsets>;
  /** What a group has committed; partitions without a commit are missing. */
  committedOffsets(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, PartitionOffsets>>;
  /** How many members the group has now; 0 for one that does not exist. */
  groupMembers(groupId: string): Promise<number>;
  /** Sets a group's offsets. The group must have no members. */
  commitOffsets(groupId: string, offsets: ReadonlyMap<string, PartitionOffsets>): Promise<void>;

  /** Closes every connection this client opened, producers and groups included. */
  close(): Promise<void>;
}

export interface KafkaClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Of groups that do not say themselves. Default DEFAULT_SESSION_TIMEOUT_MS. */
  readonly sessionTimeoutMs?: number;
}
