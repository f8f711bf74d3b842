import { recordKey } from '#connectors/capture/carriedRow.ts';
import { codecsOf } from '#connectors/capture/rowReader.ts';
import type { CapturedTable } from '#connectors/capture/types.ts';
import type { TopicSpec } from '#infra/kafka/types.ts';
import { topicOf } from '#schemas/tableShape.ts';
import { type PublishRules, topicRuleOf } from './publishRules.ts';

/** How topics are made where no rule says otherwise. */
export interface TopicDefaults {
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly replicationFactor: number;
}

/** The topic of a table as it shall exist. */
export function tableTopicSpec(table: CapturedTable, defaults: TopicDefaults, rules: PublishRules): TopicSpec {
  const rule = topicRuleOf(rules, table.database, table.id);
  const { schema, table: name } = table.instance;
  return {
    topic: topicOf(defaults.topicPrefix, { database: table.database, schema, name }, rules.topicName),
    partitions: rule?.partitions ?? defaults.partitions,
    replicationFactor: defaults.replicationFactor,
    config: { ...retentionOf(table), ...rule?.config },
  };
}

/**
 * A topic keeps the newest version of every row for ever, so that a new reader needs no snapshot. All versions stay where the table has
 * large columns, because an update that does not touch such a column carries a placeholder, and compaction would drop the version with the
 * value; and where records have no key, which a compacted topic refuses.
 */
function retentionOf(table: CapturedTable): Record<string, string> {
  const large = codecsOf(table.instance).some((codec) => codec.large);
  return large || recordKey(table).length === 0
    ? { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }
    : { 'cleanup.policy': 'compact' };
}
