import { MAX } from '../sql/values.ts';
import type { ByteReader } from './byteReader.ts';
import { readCodePage } from './codePage.ts';
import { guidText } from './guid.ts';
import { MAX_OR_NULL, PLP_NULL, ProtocolError } from './protocol.ts';
import type { LobForm, WireType } from './typeInfoReader.ts';
import { invalidValueError } from './valueError.ts';

/** Bit 26 of a collation: text in UTF-8. */
const UTF8_FLAG = 0x0400_0000;
const BYTE_ORDER_MARK = '\ufeff';

type TextOf = (bytes: Buffer) => string;

const utf16: TextOf = (bytes) => bytes.toString('utf16le');

function textOf(collation: Buffer): TextOf {
  return collation.length >= 4 && (collation.readUInt32LE(0) & UTF8_FLAG) !== 0
    ? (bytes) => bytes.toString('utf8')
    : readCodePage;
}

export const GUID_TYPE: WireType = {
  type: { k: 'uniqueidentifier' },
  decode: (r) => {
    const size = r.u8();
    if (size === 0) return null;
    if (size !== 16) throw new ProtocolError(`a uniqueidentifier of ${size} bytes`);
    return guidText(r.view(16));
  },
};

export const XML_TYPE: WireType = {
  type: { k: 'xml' },
  decode: (r) => {
    const bytes = readChunks(r);
    if (bytes === null) return null;
    const text = utf16(bytes);
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  },
};

/** char(n) and varchar(n | max). A char value is padded to its length, as ../sql/values.ts asks. */
export function charType(fixed: boolean, length: number, collation: Buffer): WireType {
  const toText = textOf(collation);
  if (length === MAX) return maxType({ k: 'varchar', n: MAX }, toText);
  return {
    type: fixed ? { k: 'char', n: length } : { k: 'varchar', n: length },
    decode: (r) => {
      const bytes = readShort(r, length);
      if (bytes === null) return null;
      return fixed ? toText(bytes).padEnd(length, ' ') : toText(bytes);
    },
  };
}

/** nchar(n) and nvarchar(n | max); `length` in UTF-16 units. */
export function ncharType(fixed: boolean, length: number): WireType {
  if (length === MAX) return maxType({ k: 'nvarchar', n: MAX }, utf16);
  const units = Math.max(1, length);
  return {
    type: fixed ? { k: 'nchar', n: units } : { k: 'nvarchar', n: units },
    decode: (r) => {
      const bytes = readShort(r, units * 2);
      if (bytes === null) return null;
      if (bytes.length % 2 !== 0) throw invalidValueError('nvarchar');
      return fixed ? utf16(bytes).padEnd(units, ' ') : utf16(bytes);
    },
  };
}

export function binaryType(fixed: boolean, length: number): WireType {
  if (length === MAX)
    return {
      type: { k: 'varbinary', n: MAX },
      decode: (r) => {
        const bytes = readChunks(r);
        return bytes === null ? null : Buffer.from(bytes);
      },
    };
  return {
    type: fixed ? { k: 'binary', n: length } : { k: 'varbinary', n: length },
    decode: (r) => {
      const bytes = readShort(r, length);
      if (bytes === null) return null;
      if (!fixed) return Buffer.from(bytes);
      const padded = Buffer.alloc(length);
      bytes.copy(padded);
      return padded;
    },
  };
}

/** The pre-7.0 forms: one byte of length, 0 for NULL. */
export function oldChar(length: number, collation: Buffer): WireType {
  const toText = textOf(collation);
  return {
    type: { k: 'varchar', n: Math.max(1, length) },
    decode: (r) => {
      const size = r.u8();
      return size === 0 ? null : toText(r.view(size));
    },
  };
}

export function oldBinary(length: number): WireType {
  return {
    type: { k: 'varbinary', n: Math.max(1, length) },
    decode: (r) => {
      const size = r.u8();
      return size === 0 ? null : r.copy(size);
    },
  };
}

export function textLob(collation: Buffer, form: LobForm): WireType {
  const toText = textOf(collation);
  return { type: { k: 'text' }, decode: (r) => mapNull(readLob(r, form), toText) };
}

export function ntextLob(form: LobForm): WireType {
  return { type: { k: 'ntext' }, decode: (r) => mapNull(readLob(r, form), utf16) };
}

export function imageLob(form: LobForm): WireType {
  return { type: { k: 'image' }, decode: (r) => mapNull(readLob(r, form), (bytes) => Buffer.from(bytes)) };
}

function maxType(type: WireType['type'], toText: TextOf): WireType {
  return { type, decode: (r) => mapNull(readChunks(r), toText) };
}

function mapNull<T>(bytes: Buffer | null, map: (bytes: Buffer) => T): T | null {
  return bytes === null ? null : map(bytes);
}

/** A 2-byte length, 0xFFFF for NULL. */
function readShort(r: ByteReader, limit: number): Buffer | null {
  const size = r.u16();
  if (size === MAX_OR_NULL) return null;
  if (size > limit) throw invalidValueError(`of ${limit} bytes (the value has ${size})`);
  return r.view(size);
}

/** PLP (MS-TDS 2.2.5.2.3): total length (which is only a hint), chunks, an empty chunk. */
function readChunks(r: ByteReader): Buffer | null {
  if (r.u64() === PLP_NULL) return null;
  const chunks: Buffer[] = [];
  for (let size = r.u32(); size > 0; size = r.u32()) chunks.push(r.view(size));
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Bare: i32 length, -1 for NULL. Behind a pointer: pointer length (0 for NULL), pointer, 8 bytes of timestamp, u32 length. */
function readLob(r: ByteReader, form: LobForm): Buffer | null {
  if (form === 'pointer') {
    const pointer = r.u8();
    if (pointer === 0) return null;
    r.view(pointer + 8);
  }
  const size = r.i32();
  return size < 0 ? null : r.view(size);
}
