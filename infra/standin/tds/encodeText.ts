import { writeCodePage } from './codePage.ts';
import type { Encoder } from './encoders.ts';
import { guidBytes } from './guid.ts';
import { MAX_OR_NULL, PLP_NULL } from './protocol.ts';
import type { TokenWriter } from './tokenWriter.ts';

/** Longest value of a type that is not (max), in bytes. A longer one could not be told on the wire. */
const MAX_SHORT_BYTES = 8000;
/** Below this many characters a loop beats a native call. */
const LOOP_CHARACTERS = 24;
const LOOP_BYTES = 16;
/** Text pointer and timestamp that stand before a text, ntext or image value; clients only skip them. */
const TEXT_POINTER = Buffer.from('standin text ptr', 'latin1');
const TEXT_TIMESTAMP = Buffer.from('standin!', 'latin1');

/** char and varchar up to 8000 bytes. */
export const encodeVarchar: Encoder = (w, value) => {
  if (value === null) return w.u16(MAX_OR_NULL);
  const text = value as string;
  startShort(w, text.length);
  w.at = writeCodePage(w.buffer, w.at, text);
};

/** nchar and nvarchar up to 4000 characters. */
export const encodeNVarchar: Encoder = (w, value) => {
  if (value === null) return w.u16(MAX_OR_NULL);
  const text = value as string;
  const length = text.length;
  startShort(w, length * 2);
  if (length >= LOOP_CHARACTERS) {
    w.at += w.buffer.write(text, w.at, 'utf16le');
    return;
  }
  const b = w.buffer;
  let at = w.at;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    b[at++] = code;
    b[at++] = code >> 8;
  }
  w.at = at;
};

/** binary, varbinary up to 8000 bytes, rowversion. */
export const encodeBinary: Encoder = (w, value) => {
  if (value === null) return w.u16(MAX_OR_NULL);
  const bytes = value as Buffer;
  const length = bytes.length;
  startShort(w, length);
  if (length > LOOP_BYTES) {
    w.buffer.set(bytes, w.at);
    w.at += length;
    return;
  }
  const b = w.buffer;
  let at = w.at;
  for (let i = 0; i < length; i++) b[at++] = bytes[i]!;
  w.at = at;
};

function startShort(w: TokenWriter, bytes: number): void {
  if (bytes > MAX_SHORT_BYTES) throw new RangeError(`a value of ${bytes} bytes in a column that is not (max)`);
  w.ensure(2 + bytes);
  w.buffer[w.at++] = bytes;
  w.buffer[w.at++] = bytes >> 8;
}

export const encodeGuid: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.u8(16);
  w.bytes(guidBytes(value as string));
};

/** varchar(max): PLP in one chunk. */
export const encodeVarcharMax: Encoder = (w, value) => {
  if (value === null) return w.u64(PLP_NULL);
  const text = value as string;
  startChunks(w, text.length);
  w.at = writeCodePage(w.buffer, w.at, text);
  w.u32(0);
};

/** nvarchar(max) and xml. */
export const encodeNVarcharMax: Encoder = (w, value) => {
  if (value === null) return w.u64(PLP_NULL);
  const text = value as string;
  startChunks(w, text.length * 2);
  w.at += w.buffer.write(text, w.at, 'utf16le');
  w.u32(0);
};

export const encodeVarbinaryMax: Encoder = (w, value) => {
  if (value === null) return w.u64(PLP_NULL);
  const bytes = value as Buffer;
  startChunks(w, bytes.length);
  w.bytes(bytes);
  w.u32(0);
};

/** Total length and, unless empty, the length of the only chunk; makes room for the chunk and the end mark. */
function startChunks(w: TokenWriter, bytes: number): void {
  w.ensure(16 + bytes);
  w.u64(BigInt(bytes));
  if (bytes > 0) w.u32(bytes);
}

export const encodeTextLob: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  const text = value as string;
  startLob(w, text.length);
  w.at = writeCodePage(w.buffer, w.at, text);
};

export const encodeNTextLob: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  const text = value as string;
  startLob(w, text.length * 2);
  w.at += w.buffer.write(text, w.at, 'utf16le');
};

export const encodeImage: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  const bytes = value as Buffer;
  startLob(w, bytes.length);
  w.bytes(bytes);
};

function startLob(w: TokenWriter, bytes: number): void {
  w.ensure(29 + bytes);
  w.u8(TEXT_POINTER.length);
  w.bytes(TEXT_POINTER);
  w.bytes(TEXT_TIMESTAMP);
  w.u32(bytes);
}
