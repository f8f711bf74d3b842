import { createRequire } from 'node:module';
import {
  type ColumnMetadata,
  type Cursor,
  type DriverParts,
  readerFor,
  SHORT,
  type ValueReader,
} from './rowReaders.ts';

/**
 * Rows of large result sets, read in one go from each network packet. The driver makes a promise, an event and an object for each value of each row,
 * and looks up the code page for each text: two thirds of what reading a page costs. Here the rows that lie complete in the buffer are read at
 * once and handed through the driver as one; a row that is cut by the packet's end is read by the driver itself. Values are the same, which a
 * test compares; with another version of the driver than the one known, it reads everything itself.
 */

/** Statements that begin with it get their rows this way. */
const MARK = '/* rows */ ';

/** The one version whose inner parts are known. */
const KNOWN_TEDIOUS = '19.2.2';
const ROW = 0xd1;
const ROW_WITH_NULLS = 0xd2;

/** Rows on their way through the driver. */
class RowBatch {
  readonly rows: readonly unknown[][];
  constructor(rows: readonly unknown[][]) {
    this.rows = rows;
  }
}

/** The driver's reader of a token stream; `position` stands behind the token's type when one of these is called. */
interface StreamParser {
  readonly buffer: Buffer;
  position: number;
  readonly colMetadata: readonly ColumnMetadata[];
  readonly options: object;
  readRowToken(): unknown;
  readNbcRowToken(): unknown;
}

/** The parts of a driver's connection that are used here. */
interface DriverConnection {
  readonly config: { readonly options: object };
  readonly debug: unknown;
  createTokenStreamParser(
    message: unknown,
    handler: { readonly request?: { readonly sqlTextOrProcedure?: string } },
  ): unknown;
}

const WANTED: unique symbol = Symbol('rows in batches');
const BATCH_COLUMN = { type: { name: 'rows' } };

interface Driver {
  readonly TokenStreamParser: new (message: unknown, debug: unknown, handler: unknown, options: object) => unknown;
}

const driver = patchDriver();

/** The statement, marked; for a request whose rows come as arrays. */
export function markRows(text: string): string {
  return driver ? MARK + text : text;
}

/** Prepares a new connection of the driver for marked statements. */
export function readRowsFast(connection: object): void {
  const known = connection as DriverConnection;
  if (!driver) return;
  const original = known.createTokenStreamParser.bind(known);
  known.createTokenStreamParser = (message, handler) => {
    if (!handler.request?.sqlTextOrProcedure?.startsWith(MARK)) return original(message, handler);
    const options = Object.assign(Object.create(known.config.options) as object, { [WANTED]: true });
    return new driver.TokenStreamParser(message, known.debug, handler, options);
  };
}

/** The rows of a marked statement's result set. */
export function unpackRows(recordset: readonly (readonly unknown[])[]): (readonly unknown[])[] {
  const rows: (readonly unknown[])[] = [];
  for (const row of recordset) {
    const [first] = row;
    if (first instanceof RowBatch) for (const one of first.rows) rows.push(one);
    else rows.push(row);
  }
  return rows;
}

/** Puts our reader before the driver's in the driver's own class; does nothing to statements without the mark. Null with another version. */
function patchDriver(): Driver | null {
  const load = createRequire(createRequire(import.meta.url).resolve('mssql'));
  if ((load('tedious/package.json') as { version: string }).version !== KNOWN_TEDIOUS) return null;
  const inner = createRequire(load.resolve('tedious'));
  const { prototype } = inner('./token/stream-parser') as { prototype: StreamParser };
  const { RowToken } = inner('./token/token') as { RowToken: new (columns: unknown) => object };
  const { readValue } = inner('./value-parser') as Pick<DriverParts, 'readValue'>;
  const iconv = inner('iconv-lite') as { decode(bytes: Buffer, codepage: string): string };
  const { Parser } = inner('./token/token-stream-parser') as { Parser: Driver['TokenStreamParser'] };
  const decodeText = (bytes: Buffer, codepage: string): string => iconv.decode(bytes, codepage);
  const compiled = new WeakMap<object, readonly ValueReader[] | 'driver'>();
  const readersOf = ({ colMetadata, options }: StreamParser): readonly ValueReader[] | 'driver' => {
    let readers = compiled.get(colMetadata);
    if (!readers) {
      const list = colMetadata.map((column) => readerFor(column, { decodeText, readValue, options }));
      readers = list.every((reader) => reader !== null) ? list : 'driver';
      compiled.set(colMetadata, readers);
    }
    return readers;
  };
  for (const [method, type] of [
    ['readRowToken', ROW],
    ['readNbcRowToken', ROW_WITH_NULLS],
  ] as const) {
    const original = prototype[method];
    prototype[method] = function (this: StreamParser): unknown {
      if (!(WANTED in this.options)) return original.call(this);
      const readers = readersOf(this);
      const rows = readers === 'driver' ? [] : readRows(this, readers, type);
      if (rows.length === 0) return original.call(this);
      return new RowToken([{ value: new RowBatch(rows), metadata: BATCH_COLUMN }]);
    };
  }
  return { TokenStreamParser: Parser };
}

/** Every row that lies complete in the buffer; the parser then stands behind the last of them. */
function readRows(parser: StreamParser, readers: readonly ValueReader[], first: number): unknown[][] {
  const { buffer } = parser;
  const cursor: Cursor = { at: parser.position };
  const rows: unknown[][] = [];
  for (let type: number | undefined = first; type === ROW || type === ROW_WITH_NULLS; type = buffer[cursor.at++]) {
    const row = readRow(buffer, cursor, readers, type === ROW_WITH_NULLS);
    if (!row) break;
    rows.push(row);
    parser.position = cursor.at;
  }
  return rows;
}

/** The row at the cursor; null when the buffer ends before it does. */
function readRow(
  buffer: Buffer,
  cursor: Cursor,
  readers: readonly ValueReader[],
  withNulls: boolean,
): unknown[] | null {
  const nulls = cursor.at;
  if (withNulls) cursor.at += (readers.length + 7) >> 3;
  if (cursor.at > buffer.length) return null;
  const row: unknown[] = new Array(readers.length);
  for (let i = 0; i < readers.length; i++) {
    if (withNulls && (buffer[nulls + (i >> 3)]! & (1 << (i & 7))) !== 0) {
      row[i] = null;
      continue;
    }
    const value = readers[i]!(buffer, cursor);
    if (value === SHORT) return null;
    row[i] = value;
  }
  return row;
}
