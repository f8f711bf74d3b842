import { columnCodec, isReadable } from '#connectors/sqlserver/columnCodec.ts';
import { type ColumnMask, isMaskable } from '#connectors/sqlserver/columnMask.ts';
import type { CaptureInstance, SourceColumn } from '#connectors/sqlserver/metadata.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { isPlainName, matcher, type NamePattern } from './namePattern.ts';

/** What may leave the source, and in what form. All lists hold patterns (namePattern.ts). */
export interface SourceRules {
  /** Left out of the tables that are asked for. */
  readonly excludeTables: readonly NamePattern[];
  /** Columns that are carried; null = all. Key columns always are. */
  readonly includeColumns: readonly NamePattern[] | null;
  readonly excludeColumns: readonly NamePattern[];
  /** The first that names a column counts. `keys`: it may be a column of the record's key. */
  readonly masks: readonly {
    readonly columns: readonly NamePattern[];
    readonly mask: ColumnMask;
    readonly keys: boolean;
  }[];
  /** Columns of types that cannot be carried: an error naming them, or left out. */
  readonly unsupportedColumns: 'fail' | 'skip';
  /** Times that do not fit their message type: the nearest that fits with the exact text in a header, or an error. */
  readonly outOfRangeTimes: 'saturate' | 'stop';
  /** The record's key of some tables, instead of their primary key. The first that names a table counts. */
  readonly messageKeys: readonly { readonly table: NamePattern; readonly columns: readonly string[] }[];
}

/** Which tables are captured, as `schema.table`, and the plain names that were asked for and are not there. */
export interface SelectedTables {
  readonly tables: readonly string[];
  readonly missing: readonly string[];
}

/**
 * The captured tables that `wanted` names, in its order, then in that of `captured`; `exclude` wins. Names and patterns with a database
 * count for that database only.
 */
export function selectTables(
  captured: readonly Pick<CaptureInstance, 'schema' | 'table'>[],
  database: string,
  wanted: readonly NamePattern[],
  exclude: readonly NamePattern[] = [],
): SelectedTables {
  const ids = [...new Set(captured.map((i) => `${i.schema}.${i.table}`))];
  const excluded = matcher(exclude);
  const tables = new Set<string>();
  const missing: string[] = [];
  for (const pattern of wanted) {
    const matches = matcher([pattern]);
    const found = ids.filter((id) => matches(namesOf(database, id)));
    if (found.length === 0 && isPlainName(pattern)) missing.push(pattern);
    for (const id of found) if (!excluded(namesOf(database, id))) tables.add(id);
  }
  return { tables: [...tables], missing };
}

/**
 * The instance as it may be carried: without the columns that are left out, masks on the columns that have one, and the columns of the
 * record's key. @throws SluiceError CDC_COLUMN_UNSUPPORTED, CAPTURE_COLUMN_RULE_UNFIT
 */
export function applyTableRules(database: string, instance: CaptureInstance, rules: SourceRules): CaptureInstance {
  const id = `${instance.schema}.${instance.table}`;
  const messageKey = messageKeyOf(database, id, instance, rules);
  const needed = new Set([...instance.keyColumns, ...messageKey]);
  const excluded = matcher(rules.excludeColumns);
  const included = rules.includeColumns === null ? () => true : matcher(rules.includeColumns);
  const columns: SourceColumn[] = [];
  const unsupported: string[] = [];
  for (const column of instance.columns) {
    const names = namesOf(database, `${id}.${column.name}`);
    if (excluded(names)) {
      if (needed.has(column.name)) throw unfit(id, column, 'it is a key column and cannot be left out');
      continue;
    }
    if (!included(names) && !needed.has(column.name)) continue;
    if (!column.computed && !isReadable(column)) {
      if (rules.unsupportedColumns === 'fail') unsupported.push(`${column.name} (${column.sqlType})`);
      continue;
    }
    columns.push(ruled(database, id, column, needed.has(column.name), rules));
  }
  if (unsupported.length > 0) {
    throw new SluiceError(
      'CDC_COLUMN_UNSUPPORTED',
      `Table ${id}: columns that cannot be carried: ${unsupported.join(', ')}`,
      {
        context: { table: id, columns: unsupported.join(', ') },
      },
    );
  }
  const large = columns.find((c) => !c.computed && messageKey.includes(c.name) && columnCodec(c).large);
  if (large)
    throw unfit(id, large, `values of type ${large.sqlType} may be missing from a change and cannot be a record's key`);
  const carried = new Set(columns.filter((c) => !c.computed).map((c) => c.name));
  const missing = [...needed].filter((name) => !carried.has(name));
  if (missing.length > 0) {
    throw new SluiceError(
      'CDC_TABLE_HAS_NO_KEY',
      `Table ${id}: expected its key columns among the captured ones, found none called ${missing.join(', ')}`,
      { context: { table: id } },
    );
  }
  return { ...instance, columns, messageKey };
}

/** A column with what the rules say about its values. */
function ruled(database: string, id: string, column: SourceColumn, isKey: boolean, rules: SourceRules): SourceColumn {
  const saturate = rules.outOfRangeTimes === 'saturate' && !isKey;
  const found = rules.masks.find((m) => matcher(m.columns)(namesOf(database, `${id}.${column.name}`)));
  if (!found) return saturate ? { ...column, saturate } : column;
  if (!isMaskable(column.sqlType))
    throw unfit(id, column, `values of type ${column.sqlType} cannot be masked, only left out`);
  if (isKey && !found.keys) throw unfit(id, column, 'it is a key column; a mask there needs `keys: true`');
  if (isKey && found.mask.kind !== 'hash') throw unfit(id, column, 'it is a key column; only a hash keeps keys apart');
  return { ...column, mask: isKey && found.mask.kind === 'hash' ? { ...found.mask, whole: true } : found.mask };
}

function messageKeyOf(database: string, id: string, instance: CaptureInstance, rules: SourceRules): readonly string[] {
  const rule = rules.messageKeys.find((r) => matcher([r.table])(namesOf(database, id)));
  if (!rule) return instance.keyColumns;
  return rule.columns.map((wanted) => {
    const column = instance.columns.find((c) => c.name.toLowerCase() === wanted.toLowerCase());
    return column?.name ?? wanted;
  });
}

const namesOf = (database: string, name: string): readonly string[] => [name, `${database}.${name}`];

function unfit(id: string, column: SourceColumn, why: string): SluiceError {
  return new SluiceError('CAPTURE_COLUMN_RULE_UNFIT', `Column ${id}.${column.name}: ${why}`, {
    context: { table: id, column: column.name },
  });
}
