import { matcher } from '#connectors/capture/namePattern.ts';
import type { SourceRules } from '#connectors/capture/tableRules.ts';
import type { PublishRules } from '#connectors/publish/publishRules.ts';
import type { ColumnMask } from '#connectors/sqlserver/columnMask.ts';
import type { Config } from '#infra/runtime/config/config.ts';

type MaskConfig = Config['source']['maskColumns'][number];

/** What may leave the source, from the configuration; reads the salts. */
export function sourceRules({ source }: Pick<Config, 'source'>): SourceRules {
  return {
    excludeTables: source.excludeTables,
    includeColumns: source.includeColumns ?? null,
    excludeColumns: source.excludeColumns,
    masks: source.maskColumns.map((mask) => ({ columns: mask.columns, keys: mask.keys, mask: maskOf(mask) })),
    unsupportedColumns: source.unsupportedColumns,
    outOfRangeTimes: source.outOfRangeTimes,
    messageKeys: Object.entries(source.messageKeys).map(([table, columns]) => ({ table, columns })),
  };
}

function maskOf({ hash, stars, truncate }: MaskConfig): ColumnMask {
  if (hash) return { kind: 'hash', algorithm: hash.algorithm, salt: hash.salt.read() };
  if (stars !== undefined) return { kind: 'stars', length: stars };
  return { kind: 'truncate', length: truncate! };
}

/** What is written for a change, from the configuration. */
export function publishRules({ publish }: Pick<Config, 'publish'>): PublishRules {
  const { notifications: _, topics, ...rules } = publish;
  return { ...rules, topics: Object.entries(topics).map(([table, rule]) => ({ table, ...rule })) };
}

/** True when the configuration captures this table of the main database. */
export function isCaptured({ source }: Pick<Config, 'source'>, table: string): boolean {
  const names = [table, `${source.database}.${table}`];
  return matcher(source.tables)(names) && !matcher(source.excludeTables)(names);
}
