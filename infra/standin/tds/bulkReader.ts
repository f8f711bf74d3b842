import type { SqlValue } from '../sql/values.ts';
import { ByteReader } from './byteReader.ts';
import type { ResultColumn } from './engineSession.ts';
import { MAX_OR_NULL, ProtocolError, TDS_TYPE, TOKEN } from './protocol.ts';
import { type Decoder, readTypeInfo } from './typeInfoReader.ts';

/** The rows of a bulk load message (MS-TDS 2.2.6.1). */
export interface BulkRows {
  readonly columns: readonly ResultColumn[];
  readonly rows: SqlValue[][];
}

const FLAG_NULLABLE = 0x0001;
const MAX_COLUMNS = 1024;
const WITH_TABLE_NAME = new Set<number>([TDS_TYPE.text, TDS_TYPE.nText, TDS_TYPE.image]);

/** Reads COLMETADATA, ROW tokens and the closing DONE. A message without rows may be empty. */
export function readBulk(body: Buffer): BulkRows {
  const r = new ByteReader(body);
  if (!r.more) return { columns: [], rows: [] };
  const token = r.u8();
  if (token === TOKEN.done) return { columns: [], rows: [] };
  if (token !== TOKEN.columnMetadata) throw new ProtocolError(`token ${token} where bulk metadata should start`);
  const { columns, decoders } = readColumns(r);
  return { columns, rows: readRows(r, decoders) };
}

function readColumns(r: ByteReader): { columns: ResultColumn[]; decoders: Decoder[] } {
  const count = r.u16();
  const columns: ResultColumn[] = [];
  const decoders: Decoder[] = [];
  if (count === MAX_OR_NULL) return { columns, decoders };
  if (count > MAX_COLUMNS) throw new ProtocolError(`a bulk load of ${count} columns`);
  for (let i = 0; i < count; i++) {
    r.u32();
    const flags = r.u16();
    const typeByte = r.peek();
    const wire = readTypeInfo(r, 'pointer');
    if (WITH_TABLE_NAME.has(typeByte)) r.usVarchar();
    columns.push({ name: r.bVarchar(), type: wire.type, nullable: (flags & FLAG_NULLABLE) !== 0 });
    decoders.push(wire.decode);
  }
  return { columns, decoders };
}

function readRows(r: ByteReader, decoders: readonly Decoder[]): SqlValue[][] {
  const rows: SqlValue[][] = [];
  while (r.more) {
    const token = r.u8();
    if (token === TOKEN.done) break;
    if (decoders.length === 0) throw new ProtocolError('rows in a bulk load without columns');
    if (token === TOKEN.row) rows.push(decoders.map((decode) => decode(r)));
    else if (token === TOKEN.nullBitmapRow) rows.push(readCompressedRow(r, decoders));
    else throw new ProtocolError(`token ${token} where a bulk row should start`);
  }
  return rows;
}

/** NBCROW: a bitmap of the NULLs, low bit first, then the other values. */
function readCompressedRow(r: ByteReader, decoders: readonly Decoder[]): SqlValue[] {
  const nulls = r.view(Math.ceil(decoders.length / 8));
  return decoders.map((decode, i) => ((nulls[i >> 3]! >> (i & 7)) & 1 ? null : decode(r)));
}
