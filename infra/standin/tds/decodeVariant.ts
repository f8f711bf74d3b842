import type { SqlValue } from '../sql/values.ts';
import { ByteReader } from './byteReader.ts';
import { MAX_OR_NULL, ProtocolError, TDS_TYPE } from './protocol.ts';
import { readTypeInfo } from './typeInfoReader.ts';

/** Base types whose property is their maximal length (2 bytes), for char types after the collation. */
const BINARY = new Set<number>([TDS_TYPE.bigBinary, TDS_TYPE.bigVarBinary]);
const TEXT = new Set<number>([TDS_TYPE.bigChar, TDS_TYPE.bigVarChar, TDS_TYPE.nChar, TDS_TYPE.nVarChar]);
const WITHOUT_LENGTH = new Set<number>([
  TDS_TYPE.tinyint,
  TDS_TYPE.bit,
  TDS_TYPE.smallint,
  TDS_TYPE.int,
  TDS_TYPE.bigint,
  TDS_TYPE.real,
  TDS_TYPE.float,
  TDS_TYPE.money,
  TDS_TYPE.smallmoney,
  TDS_TYPE.datetime,
  TDS_TYPE.smalldatetime,
]);

/**
 * A sql_variant value: its base type, properties and data are put together again to what a column of that type would carry, so that the
 * ordinary decoders read them.
 */
export function variantDecoder(r: ByteReader): SqlValue {
  const total = r.u32();
  if (total === 0) return null;
  const body = new ByteReader(r.view(total));
  const base = body.u8();
  const properties = body.view(body.u8());
  const data = body.view(body.left);
  const wire = readTypeInfo(new ByteReader(typeInfoOf(base, properties, data.length)));
  const value = wire.decode(new ByteReader(Buffer.concat([lengthOf(base, data.length), data])));
  return { variant: wire.type, value };
}

function typeInfoOf(base: number, properties: Buffer, dataBytes: number): Buffer {
  if (WITHOUT_LENGTH.has(base) || base === TDS_TYPE.date) return Buffer.from([base]);
  if (base === TDS_TYPE.guid) return Buffer.from([base, 16]);
  if (base === TDS_TYPE.decimalN || base === TDS_TYPE.numericN)
    return Buffer.from([base, dataBytes, properties[0] ?? 0, properties[1] ?? 0]);
  if (BINARY.has(base)) return Buffer.concat([Buffer.from([base]), properties]);
  if (TEXT.has(base)) return Buffer.concat([Buffer.from([base]), properties.subarray(5), properties.subarray(0, 5)]);
  return Buffer.from([base, properties[0] ?? 0]);
}

function lengthOf(base: number, dataBytes: number): Buffer {
  if (WITHOUT_LENGTH.has(base)) return Buffer.alloc(0);
  if (BINARY.has(base) || TEXT.has(base)) {
    if (dataBytes >= MAX_OR_NULL) throw new ProtocolError(`a sql_variant of ${dataBytes} bytes`);
    return Buffer.from([dataBytes & 0xff, dataBytes >> 8]);
  }
  return Buffer.from([dataBytes]);
}
