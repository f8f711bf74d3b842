import { MAX, type SqlType, type SqlValue } from '../sql/values.ts';
import type { ByteReader } from './byteReader.ts';
import * as numbers from './decodeNumber.ts';
import * as temporal from './decodeTemporal.ts';
import * as text from './decodeText.ts';
import { variantDecoder } from './decodeVariant.ts';
import { MAX_OR_NULL, TDS_TYPE } from './protocol.ts';
import { unknownTypeError } from './valueError.ts';

/** Reads one value, its length included; null for NULL. */
export type Decoder = (r: ByteReader) => SqlValue;

/** A type as a client sent it, with the decoder of its values. */
export interface WireType {
  readonly type: SqlType;
  readonly decode: Decoder;
}

/** How values of text, ntext and image stand: bare in parameters, behind a text pointer in bulk rows (MS-TDS 2.2.5.2.3). */
export type LobForm = 'bare' | 'pointer';

/** Reads TYPE_INFO (MS-TDS 2.2.5.4) of an RPC parameter, a TVP column or a bulk column. Throws a value error for types that are not served. */
export function readTypeInfo(r: ByteReader, lobForm: LobForm = 'bare'): WireType {
  const id = r.u8();
  return numbers.fixedType(id) ?? readShortType(r, id) ?? readLongType(r, id, lobForm) ?? unknown(id);
}

function unknown(id: number): never {
  throw unknownTypeError(id);
}

/** Types whose values have a length of one byte, which is 0 for NULL. */
function readShortType(r: ByteReader, id: number): WireType | undefined {
  switch (id) {
    case TDS_TYPE.intN:
      return numbers.intN(r.u8());
    case TDS_TYPE.bitN:
      return numbers.bitN(r.u8());
    case TDS_TYPE.floatN:
      return numbers.floatN(r.u8());
    case TDS_TYPE.moneyN:
      return numbers.moneyN(r.u8());
    case TDS_TYPE.decimalN:
    case TDS_TYPE.numericN:
    case TDS_TYPE.oldDecimal:
    case TDS_TYPE.oldNumeric:
      r.u8();
      return numbers.decimalN(r.u8(), r.u8());
    case TDS_TYPE.datetimeN:
      return temporal.datetimeN(r.u8());
    case TDS_TYPE.date:
      return temporal.DATE_TYPE;
    case TDS_TYPE.time:
      return temporal.timeType(r.u8());
    case TDS_TYPE.datetime2:
      return temporal.datetime2Type(r.u8());
    case TDS_TYPE.datetimeOffset:
      return temporal.datetimeOffsetType(r.u8());
    case TDS_TYPE.guid:
      r.u8();
      return text.GUID_TYPE;
    case TDS_TYPE.oldVarChar:
    case TDS_TYPE.oldChar:
      return text.oldChar(r.u8(), r.view(0));
    case TDS_TYPE.oldVarBinary:
    case TDS_TYPE.oldBinary:
      return text.oldBinary(r.u8());
    default:
      return undefined;
  }
}

function readLongType(r: ByteReader, id: number, lobForm: LobForm): WireType | undefined {
  switch (id) {
    case TDS_TYPE.bigVarChar:
    case TDS_TYPE.bigChar:
      return text.charType(id === TDS_TYPE.bigChar, length(r), r.copy(5));
    case TDS_TYPE.nVarChar:
    case TDS_TYPE.nChar: {
      const bytes = length(r);
      r.view(5);
      return text.ncharType(id === TDS_TYPE.nChar, bytes === MAX ? MAX : bytes >> 1);
    }
    case TDS_TYPE.bigVarBinary:
    case TDS_TYPE.bigBinary:
      return text.binaryType(id === TDS_TYPE.bigBinary, length(r));
    case TDS_TYPE.text:
      r.u32();
      return text.textLob(r.copy(5), lobForm);
    case TDS_TYPE.nText:
      r.view(4 + 5);
      return text.ntextLob(lobForm);
    case TDS_TYPE.image:
      r.u32();
      return text.imageLob(lobForm);
    case TDS_TYPE.xml:
      skipXmlSchema(r);
      return text.XML_TYPE;
    case TDS_TYPE.variant:
      r.u32();
      return { type: { k: 'sql_variant' }, decode: variantDecoder };
    default:
      return undefined;
  }
}

/** Largest length in bytes; MAX for a (max) type. */
function length(r: ByteReader): number {
  const bytes = r.u16();
  return bytes === MAX_OR_NULL ? MAX : Math.max(1, bytes);
}

function skipXmlSchema(r: ByteReader): void {
  if (r.u8() === 0) return;
  r.bVarchar();
  r.bVarchar();
  r.usVarchar();
}
