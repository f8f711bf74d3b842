import { type KeyCodec, keyCodec } from '#connectors/sqlserver/columnCodec.ts';
import type { Database, Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromNumeric } from '#connectors/sqlserver/lsn.ts';
import { int, nvarcharOf, type SqlParam } from '#connectors/sqlserver/params.ts';
import { fixSnapshotView, snapshotChunk } from '#connectors/sqlserver/tableQueries.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { RowReader } from './rowReader.ts';
import type { CapturedTable, Row } from './types.ts';

/** A row of a chunk with its key as text. */
export interface ChunkRow {
  readonly row: Row;
  readonly key: readonly string[];
}

/** Some rows of a table in key order, as they stood between two places in the log. */
export interface Chunk {
  readonly table: CapturedTable;
  /** Whatever committed at or before it is in the rows. */
  readonly from: Lsn;
  /** Whatever committed after it is not. The rows count as read here. */
  readonly to: Lsn;
  readonly rows: readonly ChunkRow[];
  /** No rows come after it. */
  readonly last: boolean;
  readonly readAtMs: number;
}

/** Reads the chunk after a key; null = from the beginning. */
export type ChunkReader = (afterKey: readonly string[] | null, limit: number) => Promise<Chunk>;

/** The chunk reader of a table. Each chunk is one short transaction under SNAPSHOT isolation: no locks, nothing written. */
export function chunkReader(db: Database, table: CapturedTable, now: () => number, signal: AbortSignal): ChunkReader {
  const { instance } = table;
  const reader = new RowReader(instance);
  const keys: KeyCodec[] = instance.keyColumns.map((name) => keyCodec(instance.columns.find((c) => c.name === name)!));
  const fixView = fixSnapshotView(instance);
  const first = snapshotChunk(instance, reader.codecs, keys, true);
  const next = snapshotChunk(instance, reader.codecs, keys, false);
  return (afterKey, limit) =>
    db.inSnapshot(async (transaction) => {
      const window = await viewWindow(transaction, table, fixView, signal);
      const params: Record<string, SqlParam> = { rows: int(limit) };
      afterKey?.forEach((text, i) => {
        params[`k${i}`] = nvarcharOf(450, text);
      });
      const rows = await transaction.rows(afterKey ? next : first, params, signal);
      const width = reader.codecs.length;
      return {
        table,
        ...window,
        rows: rows.map((values) => ({ row: reader.fromTable(values, 0), key: values.slice(width) as string[] })),
        last: rows.length < limit,
        readAtMs: now(),
      };
    });
}

async function viewWindow(
  transaction: Queryable,
  table: CapturedTable,
  fixView: string,
  signal: AbortSignal,
): Promise<{ readonly from: Lsn; readonly to: Lsn }> {
  const unavailable = (found: string, cause?: unknown): SluiceError =>
    new SluiceError('CDC_SNAPSHOT_UNAVAILABLE', `Snapshot of ${table.id}: ${found}`, {
      context: { table: table.id },
      ...(cause !== undefined && { cause }),
    });
  let found: unknown;
  try {
    [found] = await transaction.rows(fixView, {}, signal);
  } catch (error) {
    if (hasCode(error, 'SQL_PERMISSION_DENIED')) throw unavailable('the login may not see its own transaction', error);
    throw error;
  }
  const [begin, savepoint] = (found ?? []) as (string | null | undefined)[];
  if (!begin || !savepoint) throw unavailable('the server tells no log position of the transaction');
  return { from: lsnFromNumeric(begin), to: lsnFromNumeric(savepoint) };
}
