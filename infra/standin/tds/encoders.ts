import { MAX, type SqlType, type SqlValue } from '../sql/values.ts';
import * as numbers from './encodeNumber.ts';
import * as temporal from './encodeTemporal.ts';
import * as text from './encodeText.ts';
import { encodeVariant } from './encodeVariant.ts';
import type { ResultColumn } from './engineSession.ts';
import { TOKEN } from './protocol.ts';
import type { TokenWriter } from './tokenWriter.ts';

/** Writes one value of a known type, NULL included. What the value must be follows from ../sql/values.ts. */
export type Encoder = (w: TokenWriter, value: SqlValue) => void;

/** The encoder that belongs to the TYPE_INFO which typeInfo.ts writes for the type. */
export function encoderOf(type: SqlType): Encoder {
  switch (type.k) {
    case 'bit':
    case 'tinyint':
      return numbers.intEncoder(1);
    case 'smallint':
      return numbers.intEncoder(2);
    case 'int':
      return numbers.intEncoder(4);
    case 'bigint':
      return numbers.encodeBigint;
    case 'decimal':
      return numbers.decimalEncoder(type.p);
    case 'money':
      return numbers.encodeMoney;
    case 'smallmoney':
      return numbers.encodeSmallMoney;
    case 'float':
      return numbers.encodeFloat;
    case 'real':
      return numbers.encodeReal;
    case 'date':
      return temporal.encodeDate;
    case 'time':
      return temporal.timeEncoder(type.s);
    case 'datetime':
      return temporal.encodeDatetime;
    case 'smalldatetime':
      return temporal.encodeSmallDatetime;
    case 'datetime2':
      return temporal.datetime2Encoder(type.s);
    case 'datetimeoffset':
      return temporal.datetimeOffsetEncoder(type.s);
    case 'char':
      return text.encodeVarchar;
    case 'varchar':
      return type.n === MAX ? text.encodeVarcharMax : text.encodeVarchar;
    case 'nchar':
      return text.encodeNVarchar;
    case 'nvarchar':
      return type.n === MAX ? text.encodeNVarcharMax : text.encodeNVarchar;
    case 'xml':
      return text.encodeNVarcharMax;
    case 'text':
      return text.encodeTextLob;
    case 'ntext':
      return text.encodeNTextLob;
    case 'image':
      return text.encodeImage;
    case 'binary':
    case 'rowversion':
      return text.encodeBinary;
    case 'varbinary':
      return type.n === MAX ? text.encodeVarbinaryMax : text.encodeBinary;
    case 'uniqueidentifier':
      return text.encodeGuid;
    case 'sql_variant':
      return encodeVariant;
  }
}

/** Writes one ROW token. */
export type RowEncoder = (w: TokenWriter, row: readonly SqlValue[]) => void;

/** The encoder of rows with the given columns. */
export function rowEncoder(columns: readonly ResultColumn[]): RowEncoder {
  const encoders = columns.map((column) => encoderOf(column.type));
  const count = encoders.length;
  return (w, row) => {
    w.u8(TOKEN.row);
    for (let i = 0; i < count; i++) encoders[i]!(w, row[i]!);
  };
}
