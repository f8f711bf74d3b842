import { sqlError } from '../../sql/errors.ts';
import type { SqlType } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { Execution } from '../run/execution.ts';

/** Positions of the captured columns that hold large values, by the table's list of captures. */
const lobColumns = new WeakMap<object, readonly number[]>();

function isLarge(type: SqlType): boolean {
  return (
    type.k === 'text' || type.k === 'ntext' || type.k === 'image' || type.k === 'xml' || ('n' in type && type.n < 0)
  );
}

function bytesOf(value: RowData[number], type: SqlType): number {
  if (Buffer.isBuffer(value)) return value.length;
  if (typeof value !== 'string') return 0;
  return type.k === 'text' || type.k === 'varchar' ? value.length : value.length * 2;
}

/** Large values of tracked tables may not be longer than 'max text repl size' (7139): the source statement fails, not the capture. */
export function checkLobSizes(env: Execution, table: TableObject, rows: readonly RowData[]): void {
  const limit = env.session.server.maxTextReplSize;
  if (limit < 0) return;
  let columns = lobColumns.get(table.captures);
  if (!columns) {
    columns = [
      ...new Set(table.captures.flatMap((capture) => capture.columns.filter((c) => isLarge(c.type)).map((c) => c.at))),
    ];
    lobColumns.set(table.captures, columns);
  }
  for (const at of columns)
    for (const data of rows) {
      const bytes = bytesOf(data[at] ?? null, table.columns[at]!.type);
      if (bytes > limit) throw sqlError(7139, bytes, limit);
    }
}
