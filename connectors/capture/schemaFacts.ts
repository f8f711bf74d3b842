import type { Queryable } from '#connectors/sqlserver/connection.ts';
import {
  type DdlRecord,
  loadDdlHistory,
  loadTableColumns,
  type TableColumn,
} from '#connectors/sqlserver/ddlHistory.ts';
import { columnChanges } from '#connectors/sqlserver/ddlStatement.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { type CaptureInstance, loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';

/** What the catalog and CDC say about the captured tables at one look. */
export interface SchemaFacts {
  /** Oldest first. */
  readonly instances: readonly CaptureInstance[];
  /** Oldest first. */
  readonly history: readonly DdlRecord[];
  /** By object id of the table. */
  readonly columns: ReadonlyMap<number, readonly TableColumn[]>;
}

/** A column that a table has and a capture instance does not hold, because it was added later. */
export interface AddedColumn {
  readonly name: string;
  /** Rows of commits from here on may have a value in it. */
  readonly since: Lsn;
  /** Rows that were there got its default without an update. */
  readonly hasDefault: boolean;
  readonly computed: boolean;
}

/**
 * Looks at everything a schema change shows in. The history is read last: what it names is then already in the columns, and what it lacks
 * will move the fingerprint.
 */
export async function lookAtSchema(db: Queryable, signal: AbortSignal): Promise<SchemaFacts> {
  const instances = await loadCaptureInstances(db, signal);
  const columns = await loadTableColumns(db, signal);
  const history = await loadDdlHistory(db, undefined, signal);
  return { instances, columns, history };
}

/** Columns the table has now that were added after the instance was made. Those its maker left out are not among them. */
export function addedColumns(instance: CaptureInstance, facts: SchemaFacts): AddedColumn[] {
  const captured = new Set([...instance.columns, ...(instance.droppedColumns ?? [])].map((c) => c.name.toLowerCase()));
  const added = new Map<string, Lsn>();
  for (const { objectId, lsn, command } of facts.history) {
    if (objectId !== instance.objectId) continue;
    for (const change of columnChanges(command, instance.table))
      if (change.kind === 'add') added.set(change.column.toLowerCase(), lsn);
  }
  return (facts.columns.get(instance.sourceObjectId) ?? []).flatMap((column) => {
    const since = added.get(column.name.toLowerCase());
    if (since === undefined || captured.has(column.name.toLowerCase())) return [];
    return [{ name: column.name, since, hasDefault: column.hasDefault || !column.nullable, computed: column.computed }];
  });
}
