import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecordSet } from '#infra/kafka/fetchedRecords.ts';
import { crc32c } from '#infra/kafka/patch/crc32c.ts';
import { encodeRecordBatch } from '#infra/kafka/patch/recordBatch.ts';

// The library as it comes: this file must not import infra/kafka/kafkajs.ts, which replaces parts of it.
const load = createRequire(import.meta.url);
const src = (path: string): unknown => load(join(dirname(load.resolve('kafkajs/package.json')), 'src', path));
const Decoder = src('protocol/decoder.js') as new (bytes: Buffer) => object;
const stockDecode = src('protocol/requests/fetch/v4/decodeMessages.js') as (decoder: object) => Promise<StockRecord[]>;

interface StockRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[]>>;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b)),
  fc.constant(null),
);
const message = fc.record({
  key: bytes,
  value: bytes,
  timestamp: fc.nat(2 ** 40).map((t) => String(1_700_000_000_000 + t)),
  headers: fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.array(
      fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.from(b)),
      { minLength: 1, maxLength: 3 },
    ),
    { maxKeys: 3 },
  ),
});

const CONTROL_AND_TRANSACTIONAL = 0x30;

interface BatchSpec {
  readonly baseOffset: number;
  readonly messages: Parameters<typeof encodeRecordBatch>[0]['messages'];
  readonly producerId?: number;
  readonly transactional?: boolean;
  readonly abort?: boolean;
}

const seal = (batch: Buffer): Buffer => {
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17);
  return batch;
};

/** A batch as a broker stores it: with its offset, and marked as a control batch where it ends a transaction. */
async function stored({ baseOffset, messages, producerId = -1, transactional = false, abort }: BatchSpec) {
  const marker = { key: Buffer.from([0, 0, 0, abort ? 0 : 1]), value: Buffer.alloc(6) };
  const batch = await encodeRecordBatch({
    messages: abort === undefined ? messages : [marker],
    compression: 0,
    codec: null,
    transactional,
    producerId: BigInt(producerId),
    producerEpoch: 0,
    firstSequence: 0,
    nowMs: 1_700_000_000_000,
  });
  batch.writeBigInt64BE(BigInt(baseOffset), 0);
  if (abort !== undefined) batch.writeInt16BE(CONTROL_AND_TRANSACTIONAL, 21);
  return seal(batch);
}

const text = (value: string) => ({ key: Buffer.from('k'), value: Buffer.from(value) });
const values = (records: readonly { value: Buffer | null }[]) => records.map((r) => String(r.value));

describe('records of a fetch', () => {
  test('are read as the library reads them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(message, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        async (batches) => {
          let baseOffset = 2 ** 33;
          const encoded: Buffer[] = [];
          for (const messages of batches) {
            encoded.push(await stored({ baseOffset, messages }));
            baseOffset += messages.length;
          }
          const set = Buffer.concat(encoded);
          const length = Buffer.alloc(4);
          length.writeInt32BE(set.length);
          const expected = await stockDecode(new Decoder(Buffer.concat([length, set])));
          const found = await readRecordSet(set, []);
          expect(found.next).toBe(BigInt(baseOffset));
          expect(
            found.records.map((r) => ({ ...r, offset: String(r.offset), timestamp: String(r.timestampMs) })),
          ).toEqual(
            expected.map(({ offset, timestamp, key, value, headers }) => ({
              offset,
              timestamp,
              timestampMs: Number(timestamp),
              key,
              value,
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, v]) => [name, Array.isArray(v) ? v.at(-1) : v]),
              ),
            })),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test('those of every aborted transaction are left out, also when several began before the fetch', async () => {
    const batches: BatchSpec[] = [
      { baseOffset: 10, producerId: 2, transactional: true, messages: [text('b, given up')] },
      { baseOffset: 11, producerId: 1, transactional: true, messages: [text('a, given up')] },
      { baseOffset: 12, producerId: 1, transactional: true, abort: true, messages: [] },
      { baseOffset: 13, producerId: 1, transactional: true, messages: [text('a, kept')] },
      { baseOffset: 14, producerId: 2, transactional: true, abort: true, messages: [] },
      { baseOffset: 15, producerId: 2, transactional: true, messages: [text('b, kept')] },
      { baseOffset: 16, producerId: 2, transactional: true, abort: false, messages: [] },
    ];
    const set = Buffer.concat(await Promise.all(batches.map(stored)));
    const found = await readRecordSet(set, [
      { producerId: 2n, firstOffset: 5n },
      { producerId: 1n, firstOffset: 3n },
    ]);
    expect(values(found.records)).toEqual(['a, kept', 'b, kept']);
    // The marker at the end moves the offset, too.
    expect(found.next).toBe(17n);
  });

  test.each([
    [1, gzipSync],
    [4, zstdCompressSync],
  ])('come out of compression %i', async (attribute, compress) => {
    const plain = await stored({ baseOffset: 7, messages: [text('one'), text('two')] });
    const body = compress(plain.subarray(61));
    const packed = Buffer.concat([plain.subarray(0, 61), body]);
    packed.writeInt32BE(packed.length - 12, 8);
    packed.writeInt16BE(attribute, 21);
    expect(values((await readRecordSet(seal(packed), [])).records)).toEqual(['one', 'two']);
  });

  test('a compression or format that cannot be read is named', async () => {
    const batch = await stored({ baseOffset: 0, messages: [text('v')] });
    batch.writeInt16BE(3, 21);
    await expect(readRecordSet(seal(batch), [])).rejects.toMatchObject({
      code: 'KAFKA_RECORDS_UNREADABLE',
      message: expect.stringContaining('lz4'),
    });
    batch[16] = 1;
    await expect(readRecordSet(batch, [])).rejects.toMatchObject({ code: 'KAFKA_RECORDS_UNREADABLE' });
  });

  test('a batch with one bit changed is refused, and one that is cut off waits for the next fetch', async () => {
    const [first, second] = [
      await stored({ baseOffset: 0, messages: [text('one')] }),
      await stored({ baseOffset: 1, messages: [text('two')] }),
    ];
    const cut = await readRecordSet(Buffer.concat([first, second.subarray(0, second.length - 3)]), []);
    expect([values(cut.records), cut.next]).toEqual([['one'], 1n]);
    second[70]! ^= 1;
    await expect(readRecordSet(Buffer.concat([first, second]), [])).rejects.toMatchObject({
      code: 'KAFKA_RECORDS_CORRUPT',
      retriable: true,
    });
  });

  test('a batch that compaction emptied moves the offset over its gap', async () => {
    const batch = await stored({ baseOffset: 20, messages: [text('gone')] });
    const emptied = Buffer.from(batch.subarray(0, 61));
    emptied.writeInt32BE(61 - 12, 8);
    emptied.writeInt32BE(9, 23);
    emptied.writeInt32BE(0, 57);
    expect(await readRecordSet(seal(emptied), [])).toEqual({ records: [], next: 30n });
  });
});
