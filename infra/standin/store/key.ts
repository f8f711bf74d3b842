import { type Collation, keyUnder } from '../sql/collation.ts';
import { guidKey } from '../sql/compare.ts';
import { isVariant, type SqlType, type SqlValue } from '../sql/values.ts';

/** Turns one value of a type into text whose order (by UTF-16 unit) is the type's order, and which is never a prefix of another's. */
export type KeyEncoder = (value: SqlValue) => string;

const NULL_KEY = '\u0000';
const NOT_NULL = '\u0001';
const END_OF_TEXT = '\u0000';

function bytes32(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function int32Key(value: number): string {
  return bytes32((value ^ 0x80000000) >>> 0);
}

/** For whole numbers of up to 53 bits. */
function safeIntegerKey(value: number): string {
  const shifted = value + 2 ** 52;
  return bytes32(Math.floor(shifted / 2 ** 32)) + bytes32((shifted % 2 ** 32) >>> 0);
}

function int64Key(value: bigint): string {
  return bytes32(Number((value >> 32n) + 0x80000000n)) + bytes32(Number(value & 0xffff_ffffn));
}

/** For unscaled decimals of up to 38 digits (127 bits and sign). */
function wideKey(value: bigint): string {
  return (
    int64Key(value >> 64n) + bytes32(Number((value >> 32n) & 0xffff_ffffn)) + bytes32(Number(value & 0xffff_ffffn))
  );
}

const floatBytes = new DataView(new ArrayBuffer(8));
function floatKey(value: number): string {
  floatBytes.setFloat64(0, value === 0 ? 0 : value);
  const hi = floatBytes.getUint32(0);
  const lo = floatBytes.getUint32(4);
  // Negative numbers sort backwards by their bits, so all bits flip; others only get the sign bit set.
  return hi & 0x80000000 ? bytes32(~hi >>> 0) + bytes32(~lo >>> 0) : bytes32((hi | 0x80000000) >>> 0) + bytes32(lo);
}

function textKey(collation: Collation | undefined): (value: string) => string {
  return (value) => keyUnder(value, collation) + END_OF_TEXT;
}

/** Bytes without trailing zeros (a shorter binary compares as if padded with zeros), each one higher to leave room for the end mark. */
function binaryKey(value: Buffer): string {
  let length = value.length;
  while (length > 0 && value[length - 1] === 0) length--;
  let key = '';
  for (let i = 0; i < length; i++) key += String.fromCharCode(value[i]! + 1);
  return key + END_OF_TEXT;
}

function bodyEncoder(type: SqlType, collation: Collation | undefined): (value: never) => string {
  switch (type.k) {
    case 'bit':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'date':
    case 'smalldatetime':
      return int32Key;
    case 'time':
    case 'datetime':
      return safeIntegerKey;
    case 'bigint':
    case 'money':
    case 'smallmoney':
    case 'datetime2':
      return int64Key;
    case 'decimal':
      return type.p <= 18 ? int64Key : wideKey;
    case 'float':
    case 'real':
      return floatKey;
    case 'datetimeoffset':
      return (value: { utc: bigint }) => int64Key(value.utc);
    case 'uniqueidentifier':
      return (value: string) => guidKey(value).toUpperCase();
    case 'binary':
    case 'varbinary':
    case 'rowversion':
    case 'image':
      return binaryKey;
    case 'sql_variant':
      return (value: SqlValue) =>
        isVariant(value) ? value.variant.k + NOT_NULL + keyEncoder(value.variant)(value.value) : '';
    default:
      return textKey(collation);
  }
}

/** The encoder of a type. NULL sorts first; all encoders of one type agree, so keys of different indexes may be compared. */
export function keyEncoder(type: SqlType, collation?: Collation): KeyEncoder {
  const body = bodyEncoder(type, collation) as (value: SqlValue) => string;
  return (value) => (value === null ? NULL_KEY : NOT_NULL + body(value));
}

/** Encodes several values into one key: GROUP BY, DISTINCT, hash join. */
export function compositeKey(encoders: readonly KeyEncoder[], values: readonly SqlValue[]): string {
  let key = '';
  for (let i = 0; i < encoders.length; i++) key += encoders[i]!(values[i]!);
  return key;
}

/** Four characters that tell rows with equal index keys apart, in the order of their ids (0 to 2^32 - 1). */
export function rowSuffix(id: number): string {
  return bytes32(id);
}
