import { MAX, type SqlType, type SqlValue, type SqlVariant } from '../sql/values.ts';
import { type Encoder, encoderOf } from './encoders.ts';
import { COLLATION, TDS_TYPE } from './protocol.ts';
import type { TokenWriter } from './tokenWriter.ts';

/**
 * sql_variant (MS-TDS 2.2.5.5.4): u32 length of all that follows, base type, length of its properties, properties, data without a length of
 * its own. The base types are the fixed forms where there are any.
 */
export const encodeVariant: Encoder = (w, value) => {
  if (value === null) return w.u32(0);
  const { variant, value: inner } = value as SqlVariant;
  const start = w.at;
  w.u32(0);
  writeBase(w, variant);
  writeData(w, variant, inner);
  w.buffer.writeUInt32LE(w.at - start - 4, start);
};

/** Base types without properties. */
const PLAIN: Partial<Record<SqlType['k'], number>> = {
  bit: TDS_TYPE.bit,
  tinyint: TDS_TYPE.tinyint,
  smallint: TDS_TYPE.smallint,
  int: TDS_TYPE.int,
  bigint: TDS_TYPE.bigint,
  real: TDS_TYPE.real,
  float: TDS_TYPE.float,
  money: TDS_TYPE.money,
  smallmoney: TDS_TYPE.smallmoney,
  datetime: TDS_TYPE.datetime,
  smalldatetime: TDS_TYPE.smalldatetime,
  date: TDS_TYPE.date,
  uniqueidentifier: TDS_TYPE.guid,
};

const TEXT: Partial<Record<SqlType['k'], number>> = {
  char: TDS_TYPE.bigChar,
  varchar: TDS_TYPE.bigVarChar,
  nchar: TDS_TYPE.nChar,
  nvarchar: TDS_TYPE.nVarChar,
};

const MAX_VARIANT_BYTES = [8000 & 0xff, 8000 >> 8];

function writeBase(w: TokenWriter, type: SqlType): void {
  if ('n' in type && type.n === MAX) throw new RangeError(`a sql_variant cannot hold ${type.k}(max)`);
  const [base, properties] = baseOf(type);
  w.u8(base);
  w.u8(properties.length);
  for (const property of properties) w.u8(property);
}

/** Base type byte and properties. */
function baseOf(type: SqlType): [number, readonly number[]] {
  const plain = PLAIN[type.k];
  if (plain !== undefined) return [plain, []];
  const text = TEXT[type.k];
  if (text !== undefined) return [text, [...COLLATION, ...MAX_VARIANT_BYTES]];
  switch (type.k) {
    case 'decimal':
      return [TDS_TYPE.decimalN, [type.p, type.s]];
    case 'time':
      return [TDS_TYPE.time, [type.s]];
    case 'datetime2':
      return [TDS_TYPE.datetime2, [type.s]];
    case 'datetimeoffset':
      return [TDS_TYPE.datetimeOffset, [type.s]];
    case 'binary':
      return [TDS_TYPE.bigBinary, MAX_VARIANT_BYTES];
    case 'varbinary':
      return [TDS_TYPE.bigVarBinary, MAX_VARIANT_BYTES];
    default:
      throw new RangeError(`a sql_variant cannot hold ${type.k}`);
  }
}

/** The value as its own encoder writes it, less the length that stands in front. */
function writeData(w: TokenWriter, type: SqlType, value: SqlValue): void {
  const start = w.at;
  encoderOf(type)(w, value);
  const prefix = TEXT[type.k] !== undefined || type.k === 'binary' || type.k === 'varbinary' ? 2 : 1;
  w.buffer.copyWithin(start, start + prefix, w.at);
  w.at -= prefix;
}
