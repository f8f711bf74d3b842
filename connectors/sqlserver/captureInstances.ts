import type { Database, Queryable } from './connection.ts';
import { quoteName, quoteText } from './identifiers.ts';
import type { CaptureInstance } from './metadata.ts';
import { nvarcharOf } from './params.ts';

/** Docs: "cdc.change_tables". What a second instance should have in common with the first. */
const INSTANCE_OPTIONS = `
SELECT t.role_name, t.index_name, t.filegroup_name, t.supports_net_changes, t.partition_switch
FROM cdc.change_tables AS t WHERE t.capture_instance = @name`;

/** SQL Server's limit for the name of a capture instance. Docs: "sys.sp_cdc_enable_table". */
const MAX_NAME = 100;

interface InstanceOptions {
  readonly roleName: string | null;
  readonly indexName: string | null;
  readonly filegroup: string | null;
  readonly netChanges: boolean;
  readonly partitionSwitch: boolean;
}

async function optionsOf(db: Queryable, name: string, signal: AbortSignal): Promise<InstanceOptions> {
  const [row] = await db.rows(INSTANCE_OPTIONS, { name: nvarcharOf(MAX_NAME, name) }, signal);
  const [roleName, indexName, filegroup, netChanges, partitionSwitch] = row ?? [];
  return {
    roleName: (roleName as string | null) ?? null,
    indexName: (indexName as string | null) ?? null,
    filegroup: (filegroup as string | null) ?? null,
    netChanges: Boolean(netChanges),
    partitionSwitch: partitionSwitch === undefined || partitionSwitch === null || Boolean(partitionSwitch),
  };
}

/** A free name for the next instance of a table: `dbo_ITEM`, `dbo_ITEM_2`, `dbo_ITEM_3` … */
export function nextInstanceName(present: string, taken: readonly string[]): string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  const base = present.replace(/_\d{1,4}$/, '') || present;
  for (let n = 2; ; n++) {
    const suffix = `_${n}`;
    const name = base.slice(0, MAX_NAME - suffix.length) + suffix;
    if (!used.has(name.toLowerCase())) return name;
  }
}

/**
 * The T-SQL that makes a second capture instance like the first, with these columns (null = all the table has now). To be run by a db_owner.
 * Docs: "sys.sp_cdc_enable_table".
 */
export async function enableScript(
  db: Queryable,
  present: CaptureInstance,
  name: string,
  columns: readonly string[] | null,
  signal: AbortSignal,
): Promise<string> {
  const options = await optionsOf(db, present.name, signal);
  const text = (value: string | null): string => (value === null ? 'NULL' : quoteText(value));
  const { schema, table } = present.renamedTo ?? present;
  return [
    `EXEC sys.sp_cdc_enable_table @source_schema = ${quoteText(schema)}, @source_name = ${quoteText(table)}`,
    `@role_name = ${text(options.roleName)}`,
    `@capture_instance = ${quoteText(name)}`,
    `@supports_net_changes = ${options.netChanges ? 1 : 0}`,
    ...(options.indexName === null ? [] : [`@index_name = ${text(options.indexName)}`]),
    ...(columns === null ? [] : [`@captured_column_list = ${quoteText(columns.map(quoteName).join(', '))}`]),
    ...(options.filegroup === null ? [] : [`@filegroup_name = ${text(options.filegroup)}`]),
    ...(options.partitionSwitch ? [] : ['@allow_partition_switch = 0']),
  ].join(', ');
}

/** The T-SQL that takes an instance away. To be run by a db_owner. Docs: "sys.sp_cdc_disable_table". */
export function disableScript(instance: Pick<CaptureInstance, 'schema' | 'table' | 'name' | 'renamedTo'>): string {
  const { schema, table } = instance.renamedTo ?? instance;
  return `EXEC sys.sp_cdc_disable_table @source_schema = ${quoteText(schema)}, @source_name = ${quoteText(table)}, @capture_instance = ${quoteText(instance.name)}`;
}

/** Runs such a script. @throws SluiceError SQL_PERMISSION_DENIED and what else the server refuses with */
export async function runInstanceScript(db: Database, script: string): Promise<void> {
  await db.batch(script);
}
