import { MAX, type SqlType, type TypeKind } from '../sql/values.ts';
import type { ResultColumn } from './engineSession.ts';
import { COLLATION, MAX_OR_NULL, TDS_TYPE, TOKEN } from './protocol.ts';
import type { TokenWriter } from './tokenWriter.ts';

/** UserType of rowversion columns; clients tell them from binary(8) by it. */
const USER_TYPE_ROWVERSION = 80;
const LOB_MAX_BYTES = 0x7fffffff;
const VARIANT_MAX_BYTES = 8009;
const NONE = new Uint8Array(0);

/** Column flags (MS-TDS 2.2.7.4). */
const FLAG = { nullable: 0x01, readWriteUnknown: 0x08, identity: 0x10, computed: 0x20 } as const;

/** Bytes of a decimal's value (sign and magnitude) by precision (MS-TDS 2.2.5.5.1.6). */
export function decimalBytes(precision: number): number {
  return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
}

/** Bytes of a time of day by scale. */
export function timeBytes(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

/** Writes TYPE_INFO. Always the nullable form of a type (INTN, …): every client reads it, and a value can then be NULL. */
export function writeTypeInfo(w: TokenWriter, type: SqlType): void {
  w.bytes(shortTypeInfo(type) ?? longTypeInfo(type));
}

/** TYPE_INFO of the types whose values have a length of one byte. */
function shortTypeInfo(type: SqlType): Uint8Array | undefined {
  const fixed = FIXED[type.k];
  if (fixed !== undefined) return Uint8Array.from(fixed);
  switch (type.k) {
    case 'decimal':
      return Uint8Array.of(TDS_TYPE.decimalN, decimalBytes(type.p), type.p, type.s);
    case 'time':
      return Uint8Array.of(TDS_TYPE.time, type.s);
    case 'datetime2':
      return Uint8Array.of(TDS_TYPE.datetime2, type.s);
    case 'datetimeoffset':
      return Uint8Array.of(TDS_TYPE.datetimeOffset, type.s);
    default:
      return undefined;
  }
}

const FIXED: Partial<Record<TypeKind, readonly number[]>> = {
  bit: [TDS_TYPE.bitN, 1],
  tinyint: [TDS_TYPE.intN, 1],
  smallint: [TDS_TYPE.intN, 2],
  int: [TDS_TYPE.intN, 4],
  bigint: [TDS_TYPE.intN, 8],
  real: [TDS_TYPE.floatN, 4],
  float: [TDS_TYPE.floatN, 8],
  smallmoney: [TDS_TYPE.moneyN, 4],
  money: [TDS_TYPE.moneyN, 8],
  smalldatetime: [TDS_TYPE.datetimeN, 4],
  datetime: [TDS_TYPE.datetimeN, 8],
  uniqueidentifier: [TDS_TYPE.guid, 16],
  date: [TDS_TYPE.date],
  xml: [TDS_TYPE.xml, 0],
};

function longTypeInfo(type: SqlType): Uint8Array {
  switch (type.k) {
    case 'char':
      return sized(TDS_TYPE.bigChar, type.n, COLLATION);
    case 'varchar':
      return sized(TDS_TYPE.bigVarChar, type.n, COLLATION);
    case 'nchar':
      return sized(TDS_TYPE.nChar, type.n * 2, COLLATION);
    case 'nvarchar':
      return sized(TDS_TYPE.nVarChar, type.n === MAX ? MAX : Math.max(1, type.n) * 2, COLLATION);
    case 'binary':
      return sized(TDS_TYPE.bigBinary, type.n);
    case 'rowversion':
      return sized(TDS_TYPE.bigBinary, 8);
    case 'varbinary':
      return sized(TDS_TYPE.bigVarBinary, type.n);
    case 'text':
      return wide(TDS_TYPE.text, LOB_MAX_BYTES, COLLATION);
    case 'ntext':
      return wide(TDS_TYPE.nText, LOB_MAX_BYTES, COLLATION);
    case 'image':
      return wide(TDS_TYPE.image, LOB_MAX_BYTES);
    case 'sql_variant':
      return wide(TDS_TYPE.variant, VARIANT_MAX_BYTES);
    default:
      throw new RangeError(`type ${type.k} has no long form`);
  }
}

function sized(id: number, bytes: number, collation: Uint8Array = NONE): Uint8Array {
  const length = bytes === MAX ? MAX_OR_NULL : Math.max(1, bytes);
  return Uint8Array.of(id, length & 0xff, length >> 8, ...collation);
}

function wide(id: number, bytes: number, collation: Uint8Array = NONE): Uint8Array {
  return Uint8Array.of(id, bytes & 0xff, (bytes >> 8) & 0xff, (bytes >> 16) & 0xff, bytes >>> 24, ...collation);
}

/** UserType and flags, as they stand before TYPE_INFO in COLMETADATA and RETURNVALUE. */
export function writeUserTypeAndFlags(w: TokenWriter, column: Omit<ResultColumn, 'name'>): void {
  w.u32(column.type.k === 'rowversion' ? USER_TYPE_ROWVERSION : 0);
  let flags: number = column.nullable === false ? 0 : FLAG.nullable;
  if (column.identity === true) flags |= FLAG.identity;
  else if (column.computed === true) flags |= FLAG.computed;
  else flags |= FLAG.readWriteUnknown;
  w.u16(flags);
}

/** The COLMETADATA token. text, ntext and image columns carry a table name; ours is one empty part. */
export function writeColumnMetadata(w: TokenWriter, columns: readonly ResultColumn[]): void {
  w.u8(TOKEN.columnMetadata);
  w.u16(columns.length);
  for (const column of columns) {
    writeUserTypeAndFlags(w, column);
    writeTypeInfo(w, column.type);
    if (column.type.k === 'text' || column.type.k === 'ntext' || column.type.k === 'image') {
      w.u8(1);
      w.usVarchar('');
    }
    w.bVarchar(column.name);
  }
}
