import { saturated } from '#connectors/capture/carriedRow.ts';
import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { recordKeyOf } from '#connectors/sqlserver/metadata.ts';
import { rowKeyText } from '#consumers/rows/rowText.ts';
import { avroName } from '#schemas/avroBuilder.ts';

/** Rows of the source as the pipeline carries them: Avro's names, times that fit their type. */

/** Identity of a source row in the row store. */
export function rowKeyOf({ instance }: CapturedTable, row: Row): string {
  const key: Record<string, unknown> = {};
  for (const column of recordKeyOf(instance)) key[avroName(column)] = carried(row[column]);
  return rowKeyText(key);
}

/** The row under the names and with the values consumers see. */
export function carriedRow(row: Row): Row {
  const out: Record<string, unknown> = {};
  for (const column in row) out[avroName(column)] = carried(row[column]);
  return out;
}

/**
 * The columns of `source` that the stored row has otherwise. A column that came after the row was stored is missing there and counts as NULL;
 * one that was dropped is not looked at.
 */
export function differingColumns(source: Row, stored: Row): string[] {
  return Object.keys(source).filter((column) => !sameValue(carried(source[column]), stored[avroName(column)] ?? null));
}

/** The value of a column in a stored row, by its name at the source. */
export function storedValue(stored: Row, column: string): unknown {
  return stored[avroName(column)] ?? null;
}

const carried = (value: unknown): unknown => saturated(value)?.value ?? value ?? null;

function sameValue(a: unknown, b: unknown): boolean {
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  // JSON, in which rows are stored, has no negative zero.
  return a === b || (typeof a === 'number' && a === 0 && b === 0);
}
