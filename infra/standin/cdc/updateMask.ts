import type { SqlType, SqlValue } from '../sql/values.ts';
import { keyEncoder } from '../store/key.ts';
import type { RowData } from '../store/row.ts';

const fullMasks = new Map<number, Buffer>();

/** The mask of an insert or delete: every captured column. Column 1 is the lowest bit of the last byte. */
export function fullMask(columns: number): Buffer {
  let mask = fullMasks.get(columns);
  if (!mask) {
    mask = Buffer.alloc((columns + 7) >> 3, 0xff);
    if (columns % 8 !== 0) mask[0] = (1 << (columns % 8)) - 1;
    fullMasks.set(columns, mask);
  }
  return mask;
}

function sameValue(a: SqlValue, b: SqlValue, type: SqlType): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b);
  // Strings that differ in case or trailing blanks are changes too; objects compare by their key.
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  const encode = keyEncoder(type);
  return encode(a) === encode(b);
}

/** The mask of an update: a bit for each captured column whose value changed. */
export function changedMask(
  columns: readonly { readonly at: number; readonly type: SqlType }[],
  before: RowData,
  after: RowData,
): Buffer {
  const mask = Buffer.alloc((columns.length + 7) >> 3);
  for (let i = 0; i < columns.length; i++) {
    const { at, type } = columns[i]!;
    if (!sameValue(before[at] ?? null, after[at] ?? null, type)) mask[mask.length - 1 - (i >> 3)]! |= 1 << (i & 7);
  }
  return mask;
}

/** fn_cdc_is_bit_set: bit of the 1-based position; false outside the mask. */
export function isBitSet(position: number, mask: Buffer): boolean {
  if (position < 1) return false;
  const byte = mask[mask.length - 1 - ((position - 1) >> 3)];
  return byte !== undefined && (byte & (1 << ((position - 1) & 7))) !== 0;
}
