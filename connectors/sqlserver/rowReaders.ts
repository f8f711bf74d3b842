/**
 * Readers of column values straight from the bytes of a TDS row, for result sets of many rows. They give the very values the driver gives (see
 * fastRows.ts for why it is not asked). Source of the layouts: MS-TDS, sections 2.2.5.5 and 2.2.7.19.
 */

/** What the driver knows of a column, as far as it is used here. */
export interface ColumnMetadata {
  readonly type: { readonly name: string };
  readonly dataLength?: number;
  readonly collation?: { readonly codepage?: string };
}

/** Functions of the driver that are used for what is rare. */
export interface DriverParts {
  decodeText(bytes: Buffer, codepage: string): string;
  /** The driver's own reader of one value. @throws with a class name of NotEnoughDataError when the bytes end too early */
  readValue(
    buffer: Buffer,
    offset: number,
    metadata: ColumnMetadata,
    options: unknown,
  ): { readonly value: unknown; readonly offset: number };
  readonly options: unknown;
}

/** Where in the buffer reading goes on. */
export interface Cursor {
  at: number;
}

/** Given by a reader when the value is not in the buffer as a whole. */
export const SHORT: unique symbol = Symbol('short');

/** Reads the value at the cursor and moves it. */
export type ValueReader = (buffer: Buffer, cursor: Cursor) => unknown;

const MAX_LENGTH = 0xffff;
const NULL_LENGTH = 0xffff;

/** A reader for a column; null for a type that only the driver can read. */
export function readerFor(metadata: ColumnMetadata, driver: DriverParts): ValueReader | null {
  const { name } = metadata.type;
  const codepage = metadata.collation?.codepage ?? 'utf8';
  const chars: Slice = (buffer, from, to) => readChars(buffer, from, to, codepage, driver);
  const long = metadata.dataLength === MAX_LENGTH;
  switch (name) {
    case 'IntN':
      return byLengthByte(integer);
    case 'TinyInt':
      return fixed(1, integer);
    case 'SmallInt':
      return fixed(2, integer);
    case 'Int':
      return fixed(4, integer);
    case 'BigInt':
      return fixed(8, integer);
    case 'BitN':
      return byLengthByte((buffer, from) => buffer[from] !== 0);
    case 'Bit':
      return fixed(1, (buffer, from) => buffer[from] !== 0);
    case 'DateTimeN':
      return byLengthByte(instant);
    case 'DateTime':
      return fixed(8, instant);
    case 'VarChar':
      return long ? chunked(chars) : byLengthWord(chars);
    case 'Char':
      return byLengthWord(chars);
    case 'NVarChar':
      return long ? chunked(readWideChars) : byLengthWord(readWideChars);
    case 'NChar':
      return byLengthWord(readWideChars);
    case 'Xml':
      return chunked(readWideChars);
    case 'VarBinary':
      return long ? chunked(bytes) : byLengthWord(bytes);
    case 'Binary':
      return byLengthWord(bytes);
    case 'UDT':
      return null;
    default:
      return driversOwn(metadata, driver);
  }
}

type Slice = (buffer: Buffer, from: number, to: number) => unknown;

function fixed(length: number, read: Slice): ValueReader {
  return (buffer, cursor) => {
    const from = cursor.at;
    const to = from + length;
    if (to > buffer.length) return SHORT;
    cursor.at = to;
    return read(buffer, from, to);
  };
}

/** One byte of length before the value; 0 is NULL. */
function byLengthByte(read: Slice): ValueReader {
  return (buffer, cursor) => {
    const from = cursor.at + 1;
    if (from > buffer.length) return SHORT;
    const to = from + buffer[from - 1]!;
    if (to > buffer.length) return SHORT;
    cursor.at = to;
    return to === from ? null : read(buffer, from, to);
  };
}

/** Two bytes of length before the value. */
function byLengthWord(read: Slice): ValueReader {
  return (buffer, cursor) => {
    const from = cursor.at + 2;
    if (from > buffer.length) return SHORT;
    const length = buffer[from - 2]! | (buffer[from - 1]! << 8);
    if (length === NULL_LENGTH) {
      cursor.at = from;
      return null;
    }
    const to = from + length;
    if (to > buffer.length) return SHORT;
    cursor.at = to;
    return read(buffer, from, to);
  };
}

/** "Partially length-prefixed": eight bytes of total length (all ones is NULL), then chunks of four bytes of length and data, then an empty one. */
function chunked(read: Slice): ValueReader {
  return (buffer, cursor) => {
    let at = cursor.at;
    if (at + 8 > buffer.length) return SHORT;
    const isNull = buffer.readUInt32LE(at) === 0xffffffff && buffer.readUInt32LE(at + 4) === 0xffffffff;
    at += 8;
    if (isNull) {
      cursor.at = at;
      return null;
    }
    const chunks: Buffer[] = [];
    for (;;) {
      if (at + 4 > buffer.length) return SHORT;
      const length = buffer.readUInt32LE(at);
      at += 4;
      if (length === 0) break;
      if (at + length > buffer.length) return SHORT;
      chunks.push(buffer.subarray(at, at + length));
      at += length;
    }
    cursor.at = at;
    const whole = Buffer.concat(chunks);
    return read(whole, 0, whole.length);
  };
}

/** Big ones as decimal text, as the driver gives them. */
const integer: Slice = (buffer, from, to) => {
  switch (to - from) {
    case 1:
      return buffer[from];
    case 2:
      return ((buffer[from]! | (buffer[from + 1]! << 8)) << 16) >> 16;
    case 4:
      return buffer.readInt32LE(from);
    default:
      return buffer.readBigInt64LE(from).toString();
  }
};

/** datetime: days since 1900 and 1/300 s; smalldatetime: days and minutes. The zone is UTC, as the connection is set up. */
const instant: Slice = (buffer, from, to) => {
  if (to - from === 4) {
    return new Date(Date.UTC(1900, 0, 1 + buffer.readUInt16LE(from), 0, buffer.readUInt16LE(from + 2)));
  }
  const milliseconds = Math.round(buffer.readInt32LE(from + 4) * (3 + 1 / 3));
  return new Date(Date.UTC(1900, 0, 1 + buffer.readInt32LE(from), 0, 0, 0, milliseconds));
};

const bytes: Slice = (buffer, from, to) => buffer.subarray(from, to);

const readWideChars: Slice = (buffer, from, to) => buffer.toString('utf16le', from, to);

/** Every code page of the server begins with ASCII; the driver's converter, which looks its table up at each call, gets the rest. */
function readChars(buffer: Buffer, from: number, to: number, codepage: string, driver: DriverParts): string {
  for (let at = from; at < to; at++) {
    if (buffer[at]! > 0x7f) return driver.decodeText(buffer.subarray(from, to), codepage);
  }
  return buffer.toString('latin1', from, to);
}

function driversOwn(metadata: ColumnMetadata, driver: DriverParts): ValueReader {
  return (buffer, cursor) => {
    try {
      const { value, offset } = driver.readValue(buffer, cursor.at, metadata, driver.options);
      cursor.at = offset;
      return value;
    } catch (error) {
      if ((error as object).constructor.name === 'NotEnoughDataError') return SHORT;
      throw error;
    }
  };
}
