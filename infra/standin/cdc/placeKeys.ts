import type { SqlValue } from '../sql/values.ts';
import { LSN_BYTES, lsnBytes, ordinalAtOrAfter } from './lsn.ts';

/** What a part of a key is: a binary(10) LSN, which stands for an ordinal, or a plain number. */
export type PlaceKind = 'lsn' | 'number';

/** The ordinal at or after an LSN, and whether the LSN is exactly its form. */
function ordinalOf(lsn: Buffer): { readonly ordinal: number; readonly exact: boolean } {
  const ordinal = ordinalAtOrAfter(lsn);
  const padded = lsn.length >= LSN_BYTES ? lsn : Buffer.concat([lsn, Buffer.alloc(LSN_BYTES - lsn.length)]);
  return { ordinal, exact: lsnBytes(ordinal).equals(padded.subarray(0, LSN_BYTES)) };
}

/**
 * The key of ordinals at which entries not below these values begin: parts beyond `kinds` and those after an LSN that is no place of the log
 * are left out. Null when a value is NULL: nothing compares with it.
 */
export function lowerKey(values: readonly SqlValue[], kinds: readonly PlaceKind[]): number[] | null {
  return keyOf(values, kinds, 0);
}

/** The key of ordinals at which entries not above these values end. */
export function upperKey(values: readonly SqlValue[], kinds: readonly PlaceKind[]): number[] | null {
  return keyOf(values, kinds, -1);
}

function keyOf(values: readonly SqlValue[], kinds: readonly PlaceKind[], whenBetween: 0 | -1): number[] | null {
  if (values.includes(null)) return null;
  const key: number[] = [];
  for (let i = 0; i < values.length && i < kinds.length; i++) {
    const value = values[i]!;
    if (kinds[i] === 'number') {
      key.push(Number(value));
      continue;
    }
    const { ordinal, exact } = ordinalOf(value as Buffer);
    key.push(exact ? ordinal : ordinal + whenBetween);
    if (!exact) break;
  }
  return key;
}
