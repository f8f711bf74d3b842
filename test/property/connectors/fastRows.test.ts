import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markRows, readRowsFast, unpackRows } from '#connectors/sqlserver/fastRows.ts';

/** The driver's own parts, which the bytes are given to a second time. */
const inner = createRequire(createRequire(createRequire(import.meta.url).resolve('mssql')).resolve('tedious'));
const { Parser } = inner('./token/token-stream-parser') as {
  Parser: new (message: unknown, debug: unknown, handler: unknown, options: object) => Emitter;
};
const { TYPE: types } = inner('./data-type') as { TYPE: Readonly<Record<number, { readonly name: string }>> };
interface Emitter {
  on(event: string, listener: () => void): void;
}

interface Column {
  readonly name: string;
  readonly metadata: object;
  /** Bytes of a value as a row carries it; the first is NULL where the type has one. */
  readonly value: fc.Arbitrary<Buffer>;
}

const typeOf = (name: string): object => Object.values(types).find((t) => t.name === name)!;
const collation = { codepage: 'CP1252' };
const byte = (n: number): Buffer => Buffer.from([n]);
const word = (n: number): Buffer => Buffer.from([n & 255, n >> 8]);
const random = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((a) => Buffer.from(a));
const sized = (...lengths: readonly number[]): fc.Arbitrary<Buffer> =>
  fc.oneof(...lengths.map((n) => random(n).map((bytes) => Buffer.concat([byte(n), bytes]))));
const nullable = (...lengths: readonly number[]): fc.Arbitrary<Buffer> => sized(0, ...lengths);
const texts = fc.oneof(
  fc.uint8Array({ maxLength: 30 }).map((a) => Buffer.from(a)),
  fc.string({ maxLength: 30 }).map((s) => Buffer.from(s.replace(/[^\x20-\x7e]/g, ' '))),
);
const wide = fc.string({ unit: 'binary', maxLength: 20 }).map((s) => Buffer.from(s, 'utf16le'));
const worded = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.constant(word(0xffff)),
    bytes.map((b) => Buffer.concat([word(b.length), b])),
  );
const plp = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.constant(Buffer.alloc(8, 0xff)),
    fc
      .array(
        bytes.filter((b) => b.length > 0),
        { maxLength: 3 },
      )
      .map((chunks) => {
        const total = Buffer.alloc(8);
        total.writeBigUInt64LE(BigInt(chunks.reduce((sum, c) => sum + c.length, 0)));
        const parts = chunks.flatMap((chunk) => {
          const length = Buffer.alloc(4);
          length.writeUInt32LE(chunk.length);
          return [length, chunk];
        });
        return Buffer.concat([total, ...parts, Buffer.alloc(4)]);
      }),
  );
const days = fc
  .tuple(fc.integer({ min: -53_690, max: 2_958_463 }), fc.integer({ min: 0, max: 25_919_999 }))
  .map(([day, ticks]) => {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(day);
    bytes.writeInt32LE(ticks, 4);
    return bytes;
  });

function column(name: string, value: fc.Arbitrary<Buffer>, more: object = {}): Column {
  return { name, value, metadata: { type: typeOf(name), colName: name, ...more } };
}

const COLUMNS: readonly Column[] = [
  column('IntN', nullable(1, 2, 4, 8)),
  column('TinyInt', random(1)),
  column('SmallInt', random(2)),
  column('Int', random(4)),
  column('BigInt', random(8)),
  column('BitN', nullable(1)),
  column('Bit', random(1)),
  column('FloatN', nullable(4, 8)),
  column('MoneyN', nullable(4, 8)),
  column(
    'DateTimeN',
    fc.oneof(
      fc.constant(byte(0)),
      random(4).map((b) => Buffer.concat([byte(4), b])),
      days.map((b) => Buffer.concat([byte(8), b])),
    ),
  ),
  column('DateTime', days),
  column('SmallDateTime', random(4)),
  column('DateTime2', nullable(8), { scale: 7 }),
  column('UniqueIdentifier', nullable(16)),
  column('VarChar', worded(texts), { collation, dataLength: 30 }),
  column('VarChar', plp(texts), { collation, dataLength: 0xffff }),
  column('Char', worded(texts), { collation, dataLength: 30 }),
  column('NVarChar', worded(wide), { dataLength: 60 }),
  column('NVarChar', plp(wide), { dataLength: 0xffff }),
  column('NChar', worded(wide), { dataLength: 60 }),
  column('Xml', plp(wide)),
  column('VarBinary', worded(texts), { dataLength: 30 }),
  column('VarBinary', plp(texts), { dataLength: 0xffff }),
  column('Binary', worded(texts), { dataLength: 30 }),
];

/** What comes out of the driver for the tokens, as rows of values; with our reader where it is asked to. */
async function rowsOf(columns: readonly Column[], packets: readonly Buffer[], marked: boolean): Promise<unknown[]> {
  const rows: unknown[][] = [];
  const request = { sqlTextOrProcedure: marked ? markRows('SELECT 1') : 'SELECT 1' };
  const handler = {
    request,
    onRow: (token: { columns: readonly { value: unknown }[] }) => rows.push(token.columns.map((c) => c.value)),
  };
  const debug = { token: () => undefined };
  const options = { useUTC: true, tdsVersion: '7_4', lowerCaseGuids: false };
  const connection = {
    config: { options },
    debug,
    createTokenStreamParser: (message: unknown, to: unknown) => new Parser(message, debug, to, options),
  };
  readRowsFast(connection);
  // The metadata is what the driver's parser would have read before the rows.
  const metadata = columns.map((c) => c.metadata);
  const parser = connection.createTokenStreamParser(withMetadata(packets, metadata), handler);
  await new Promise<void>((resolve, reject) => {
    parser.on('end', resolve);
    (parser as unknown as { parser: Emitter }).parser.on('error', reject as () => void);
  });
  return unpackRows(rows) as unknown[];
}

const StreamParser = inner('./token/stream-parser') as {
  prototype: { waitForChunk(): Promise<void>; colMetadata: unknown };
};
const metadataOf = new WeakMap<object, unknown>();
const original = StreamParser.prototype.waitForChunk;
StreamParser.prototype.waitForChunk = function (this: { iterator: object; colMetadata: unknown }) {
  this.colMetadata = metadataOf.get(this.iterator) ?? this.colMetadata;
  return original.call(this as never);
};

function withMetadata(packets: readonly Buffer[], metadata: unknown): Iterable<Buffer> {
  const iterator = packets.values();
  metadataOf.set(iterator, metadata);
  return { [Symbol.iterator]: () => iterator };
}

const cases = fc.array(fc.constantFrom(...COLUMNS), { minLength: 1, maxLength: 12 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(
      fc.record({
        values: fc.tuple(...columns.map((c) => c.value)),
        nulls: fc.option(fc.array(fc.boolean(), { minLength: columns.length, maxLength: columns.length })),
      }),
      { maxLength: 20 },
    ),
    cut: fc.integer({ min: 1, max: 400 }),
  }),
);

/** ROW, or NBCROW with a bitmap of the NULLs. */
function rowBytes({ values, nulls }: { values: readonly Buffer[]; nulls: readonly boolean[] | null }): Buffer {
  if (!nulls) return Buffer.concat([byte(0xd1), ...values]);
  const bitmap = Buffer.alloc((nulls.length + 7) >> 3);
  for (const [i, isNull] of nulls.entries()) if (isNull) bitmap[i >> 3]! |= 1 << (i & 7);
  return Buffer.concat([byte(0xd2), bitmap, ...values.filter((_, i) => !nulls[i])]);
}

test('rows read in one go hold the very values the driver reads, wherever packets are cut', async () => {
  expect(markRows('SELECT 1'), 'the driver is the version that is known').not.toBe('SELECT 1');
  await fc.assert(
    fc.asyncProperty(cases, async ({ columns, rows, cut }) => {
      const all = Buffer.concat(rows.map(rowBytes));
      const packets: Buffer[] = [];
      for (let at = 0; at < all.length; at += cut) packets.push(all.subarray(at, at + cut));
      const own = await rowsOf(columns, packets, true);
      expect(own).toEqual(await rowsOf(columns, packets, false));
      expect(own.length).toBe(rows.length);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('every code page of the server begins with ASCII', () => {
  const { codepageByLanguageId, codepageBySortId } = inner('./collation') as Record<string, Record<string, string>>;
  const iconv = inner('iconv-lite') as { decode(bytes: Buffer, codepage: string): string };
  const ascii = Buffer.from(Array.from({ length: 128 }, (_, i) => i));
  for (const codepage of new Set([
    ...Object.values(codepageByLanguageId!),
    ...Object.values(codepageBySortId!),
    'utf8',
  ])) {
    expect(iconv.decode(ascii, codepage), codepage).toBe(ascii.toString('latin1'));
  }
});
