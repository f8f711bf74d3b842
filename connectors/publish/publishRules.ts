import { matcher, type NamePattern } from '#connectors/capture/namePattern.ts';
import { DEFAULT_TOPIC_NAME } from '#schemas/tableShape.ts';

/** What is written to Kafka for the changes that were captured, and where. */
export interface PublishRules {
  /** A record without a value after each delete, so that compaction can forget the key. */
  readonly tombstones: boolean;
  /** Changes that are not written. */
  readonly skippedOperations: readonly ('c' | 'u' | 'd')[];
  /** Leaves out updates that change nothing in the columns that are carried. */
  readonly skipUnchanged: boolean;
  /** Begin and end of each transaction in a topic of its own, and each change's place in it. */
  readonly transactions: boolean;
  /** Milliseconds between heartbeat records; 0 writes none. */
  readonly heartbeatIntervalMs: number;
  /** Name of a table's topic, with {prefix}, {database}, {schema} and {table}. */
  readonly topicName: string;
  /** Topics of some tables; the first that names a table counts. */
  readonly topics: readonly TopicRule[];
}

/** How the topics of some tables are made. */
export interface TopicRule {
  readonly table: NamePattern;
  readonly partitions?: number;
  /** Settings of the topic on top of Sluice's own, e.g. `retention.ms`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Debezium's defaults. */
export const DEFAULT_PUBLISH_RULES: PublishRules = {
  tombstones: true,
  skippedOperations: [],
  skipUnchanged: false,
  transactions: false,
  heartbeatIntervalMs: 0,
  topicName: DEFAULT_TOPIC_NAME,
  topics: [],
};

/** The rule for a table's topic; undefined when none names it. */
export function topicRuleOf(rules: PublishRules, database: string, tableId: string): TopicRule | undefined {
  return rules.topics.find((rule) => matcher([rule.table])([tableId, `${database}.${tableId}`]));
}
