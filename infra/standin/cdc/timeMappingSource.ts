import { asDatetime } from '../catalog/view.ts';
import type { Database } from '../engine/model/database.ts';
import type { UnboundSource } from '../engine/query/from.ts';
import { type OrderedRows, shapeColumns } from '../engine/query/source.ts';
import { binary, DATETIME, varbinary } from '../sql/values.ts';
import type { RowData } from '../store/row.ts';
import type { CdcDatabase } from './cdcDatabase.ts';
import { cdcTableId } from './cdcTables.ts';
import { lsnBytes } from './lsn.ts';
import { lowerKey, upperKey } from './placeKeys.ts';
import { checkCdcRead } from './readAccess.ts';
import type { TimeMapping } from './timeMap.ts';

const LSN = binary(10);
const NO_TRANSACTION = Buffer.from([0]);

/** A transaction id as the column holds it; the rows that only mark passing time have 0x00. */
function transactionBytes(id: number): Buffer {
  if (id === 0) return NO_TRANSACTION;
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(id, 0, 6);
  return bytes;
}

function rowOf(mapping: TimeMapping): RowData {
  return [
    lsnBytes(mapping.startLsn),
    asDatetime(mapping.beginMs),
    asDatetime(mapping.endMs),
    transactionBytes(mapping.transactionId),
    mapping.beginLsn > 0 ? lsnBytes(mapping.beginLsn) : null,
  ];
}

/** cdc.lsn_time_mapping, ordered by start_lsn. */
export function timeMappingSource(cdc: CdcDatabase, database: Database, exposed: string): UnboundSource {
  const { times } = cdc;
  const rows: OrderedRows = {
    order: [0],
    unique: true,
    estimate: () => times.length,
    scan: (env, range, reverse) => {
      checkCdcRead(env, database, cdcTableId('lsn_time_mapping'), 'lsn_time_mapping');
      const low = lowerKey([...range.equals, ...(range.low?.values ?? [])], ['lsn']);
      const high = upperKey([...range.equals, ...(range.high?.values ?? [])], ['lsn']);
      if (low === null || high === null) return () => null;
      const from = low.length > 0 ? times.countBelow(low[0]!, false) : 0;
      const to = high.length > 0 ? times.countBelow(high[0]!, true) : times.length;
      // The rows are small and few: they are taken at once, so that clean-up cannot move them under the reader.
      const found: TimeMapping[] = [];
      for (let at = from; at < to; at++) found.push(times.at(at)!);
      if (reverse) found.reverse();
      let next = 0;
      return () => (next < found.length ? rowOf(found[next++]!) : null);
    },
  };
  return {
    exposed,
    schema: exposed === 'lsn_time_mapping' ? 'cdc' : null,
    columns: shapeColumns([
      { name: 'start_lsn', type: LSN, nullable: false },
      { name: 'tran_begin_time', type: DATETIME },
      { name: 'tran_end_time', type: DATETIME },
      { name: 'tran_id', type: varbinary(10) },
      { name: 'tran_begin_lsn', type: LSN },
    ]),
    access: { k: 'ordered', rows },
  };
}
