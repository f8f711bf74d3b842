import type { Queryable } from './connection.ts';
import { type Lsn, lsnFromBuffer, ZERO_LSN } from './lsn.ts';
import { lsnParam } from './params.ts';
import { DDL_HISTORY, SOURCE_COLUMNS } from './queries.ts';

/** A change of a captured table's definition, as the capture job noted it for one of its instances. */
export interface DdlRecord {
  /** Object id of the change table. */
  readonly objectId: number;
  /** Its place in the log: rows of commits at or after it were written with the new definition. */
  readonly lsn: Lsn;
  /** The statement. */
  readonly command: string;
  /** The type of a captured column changed, and the change table was altered with it. */
  readonly columnUpdate: boolean;
}

/** What cdc.ddl_history holds from a place on for the instances that exist, oldest first. */
export async function loadDdlHistory(db: Queryable, from: Lsn = ZERO_LSN, signal?: AbortSignal): Promise<DdlRecord[]> {
  const rows = await db.rows(DDL_HISTORY, { from: lsnParam(from) }, signal);
  return rows.map(([objectId, columnUpdate, command, lsn]) => ({
    objectId: objectId as number,
    lsn: lsnFromBuffer(lsn as Buffer),
    command: (command as string | null) ?? '',
    columnUpdate: columnUpdate === true || columnUpdate === 1,
  }));
}

/** A column of a captured table as it stands now, whether captured or not. */
export interface TableColumn {
  readonly name: string;
  readonly sqlType: string;
  readonly nullable: boolean;
  readonly computed: boolean;
  readonly hasDefault: boolean;
}

/** Columns of every captured table by object id of the table. */
export async function loadTableColumns(
  db: Queryable,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly TableColumn[]>> {
  const rows = await db.rows(SOURCE_COLUMNS, {}, signal);
  const columns = new Map<number, TableColumn[]>();
  for (const [objectId, name, type, nullable, computed, defaultId] of rows) {
    const list = columns.get(objectId as number) ?? [];
    columns.set(objectId as number, list);
    list.push({
      name: name as string,
      sqlType: (type as string).toLowerCase(),
      nullable: nullable === true || nullable === 1,
      computed: computed === true || computed === 1,
      hasDefault: Number(defaultId) !== 0,
    });
  }
  return columns;
}
