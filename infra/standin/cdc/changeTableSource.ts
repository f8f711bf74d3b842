import type { Database } from '../engine/model/database.ts';
import type { RowPull } from '../engine/query/frame.ts';
import type { UnboundSource } from '../engine/query/from.ts';
import { type OrderedRows, type SeekRange, type SourceColumn, shapeColumns } from '../engine/query/source.ts';
import { binary, INT, varbinary } from '../sql/values.ts';
import type { RowData } from '../store/row.ts';
import { type CaptureInstance, SYSTEM_COLUMNS } from './captureInstance.ts';
import { lowerKey, type PlaceKind, upperKey } from './placeKeys.ts';
import { checkCdcRead } from './readAccess.ts';

const LSN = binary(10);

/** Columns of a change table: five of CDC's own, the captured ones, the command id. */
export function changeTableColumns(instance: CaptureInstance): SourceColumn[] {
  return shapeColumns([
    { name: '__$start_lsn', type: LSN, nullable: false },
    { name: '__$end_lsn', type: LSN },
    { name: '__$seqval', type: LSN, nullable: false },
    { name: '__$operation', type: INT, nullable: false },
    { name: '__$update_mask', type: varbinary(128) },
    ...instance.columns.map(({ name, type }) => ({ name, type })),
    { name: '__$command_id', type: INT },
  ]);
}

const KINDS: readonly PlaceKind[] = ['lsn', 'number', 'lsn'];

/** Entries of the change list within a range on (start_lsn, command_id, seqval, operation); a superset where the range is finer. */
function span(instance: CaptureInstance, range: SeekRange): readonly [from: number, to: number] {
  const { changes } = instance;
  const low = lowerKey([...range.equals, ...(range.low?.values ?? [])], KINDS);
  const high = upperKey([...range.equals, ...(range.high?.values ?? [])], KINDS);
  if (low === null || high === null) return [0, 0];
  const from = low.length > 0 ? changes.countBelow(low, false) : 0;
  return [from, high.length > 0 ? changes.countBelow(high, true) : changes.length];
}

/** Rows of the entries of a span, read when they are pulled; clean-up in between takes none away that was in the span and is left. */
function pullSpan(instance: CaptureInstance, range: SeekRange, reverse: boolean): RowPull {
  const { changes } = instance;
  const [from, to] = span(instance, range);
  const droppedAtStart = changes.dropped;
  let next = reverse ? to - 1 : from;
  let ready: RowData[] = [];
  let at = 0;
  return () => {
    while (at >= ready.length) {
      if (reverse ? next < from : next >= to) return null;
      const entry = changes.at(next - (changes.dropped - droppedAtStart));
      next += reverse ? -1 : 1;
      if (!entry) continue;
      ready = instance.rowsOf(entry.change, entry.commitLsn);
      if (reverse) ready.reverse();
      at = 0;
    }
    return ready[at++]!;
  };
}

/** cdc.<capture instance>_CT as a source of FROM, in the order of its clustered index. */
export function changeTableSource(instance: CaptureInstance, database: Database, exposed: string): UnboundSource {
  const name = `${instance.name}_CT`;
  const rows: OrderedRows = {
    order: [0, SYSTEM_COLUMNS + instance.columns.length, 2, 3],
    unique: true,
    estimate: () => instance.changes.length,
    scan: (env, range, reverse) => {
      checkCdcRead(env, database, instance.objectId, name);
      return pullSpan(instance, range, reverse);
    },
  };
  return {
    exposed,
    schema: exposed === name.toLowerCase() ? 'cdc' : null,
    columns: changeTableColumns(instance),
    access: { k: 'ordered', rows },
  };
}
