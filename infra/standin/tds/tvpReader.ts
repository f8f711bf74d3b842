import type { SqlValue } from '../sql/values.ts';
import type { ByteReader } from './byteReader.ts';
import type { ResultColumn, RpcArgument } from './engineSession.ts';
import { MAX_OR_NULL, ProtocolError } from './protocol.ts';
import { type Decoder, readTypeInfo } from './typeInfoReader.ts';

const END = 0x00;
const ROW = 0x01;
const ORDER_UNIQUE = 0x10;
const COLUMN_ORDERING = 0x11;
/** Column flag: rows carry no value for it, its default counts. */
const FLAG_DEFAULT = 0x0200;
const FLAG_NULLABLE = 0x0001;
const MAX_COLUMNS = 1024;

/** Reads a table-valued argument (MS-TDS 2.2.5.5.5), from its type byte 0xF3 on. A NULL table has no columns and no rows. */
export function readTableArgument(r: ByteReader, name: string, useDefault: boolean): RpcArgument {
  r.u8();
  r.bVarchar();
  const typeSchema = r.bVarchar();
  const typeName = r.bVarchar();
  const { columns, decoders } = readColumns(r);
  skipOptionalTokens(r);
  const rows = readRows(r, decoders);
  return { kind: 'table', name, useDefault, typeSchema, typeName, columns, rows };
}

function readColumns(r: ByteReader): { columns: ResultColumn[]; decoders: Decoder[] } {
  const count = r.u16();
  const columns: ResultColumn[] = [];
  const decoders: Decoder[] = [];
  if (count === MAX_OR_NULL) return { columns, decoders };
  if (count > MAX_COLUMNS) throw new ProtocolError(`a table-valued parameter of ${count} columns`);
  for (let i = 0; i < count; i++) {
    r.u32();
    const flags = r.u16();
    const wire = readTypeInfo(r);
    columns.push({ name: r.bVarchar(), type: wire.type, nullable: (flags & FLAG_NULLABLE) !== 0 });
    decoders.push((flags & FLAG_DEFAULT) !== 0 ? () => null : wire.decode);
  }
  return { columns, decoders };
}

function skipOptionalTokens(r: ByteReader): void {
  for (let token = r.u8(); token !== END; token = r.u8()) {
    if (token === ORDER_UNIQUE) r.view(r.u16() * 3);
    else if (token === COLUMN_ORDERING) r.view(r.u16() * 2);
    else throw new ProtocolError(`token ${token} in a table-valued parameter's metadata`);
  }
}

function readRows(r: ByteReader, decoders: readonly Decoder[]): SqlValue[][] {
  const rows: SqlValue[][] = [];
  for (let token = r.u8(); token !== END; token = r.u8()) {
    if (decoders.length === 0) throw new ProtocolError('rows in a table-valued parameter without columns');
    if (token !== ROW) throw new ProtocolError(`token ${token} where a table-valued parameter's row should start`);
    rows.push(decoders.map((decode) => decode(r)));
  }
  return rows;
}
