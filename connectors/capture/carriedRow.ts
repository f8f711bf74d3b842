import type { ColumnMask } from '#connectors/sqlserver/columnMask.ts';
import { recordKeyOf } from '#connectors/sqlserver/metadata.ts';
import { SaturatedTime } from '#connectors/sqlserver/temporal.ts';
import type { CapturedTable } from './types.ts';

/** What is written instead of a column's values. */
export type CarriedMask = ColumnMask;

/** Columns of the table's record key, in key order; empty for records without a key. */
export function recordKey(table: CapturedTable): readonly string[] {
  return recordKeyOf(table.instance);
}

/** A time in a row that its message type cannot hold: the nearest value that it can, and the exact text. Null for any other value. */
export function saturated(value: unknown): { readonly value: bigint; readonly text: string } | null {
  return value instanceof SaturatedTime ? value : null;
}
