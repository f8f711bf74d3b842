import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '#infra/kafka/patch/crc32c.ts';
import { type ProduceArguments, type ProduceParts, produceRequestFactory } from '#infra/kafka/patch/produceRequest.ts';
import type { Bytes } from '#infra/kafka/patch/recordBatch.ts';

// The library as it comes: this file must not import infra/kafka/kafkajs.ts, which replaces parts of it.
const load = createRequire(import.meta.url);
const src = (path: string): unknown => load(join(dirname(load.resolve('kafkajs/package.json')), 'src', path));
const stock = src('protocol/requests/produce/v3/request.js') as (args: ProduceArguments) => {
  encode(): Promise<{ buffer: Buffer }>;
};
const compression = src('protocol/message/compression/index.js') as {
  lookupCodec: ProduceParts['lookupCodec'];
  COMPRESSION_CODEC_MASK: number;
};
const ours = produceRequestFactory({
  Encoder: src('protocol/encoder.js') as ProduceParts['Encoder'],
  apiKey: (src('protocol/requests/apiKeys.js') as { Produce: number }).Produce,
  lookupCodec: compression.lookupCodec,
  compressionMask: compression.COMPRESSION_CODEC_MASK,
});

const bytes = (maxLength: number): fc.Arbitrary<Bytes> =>
  fc.oneof(
    fc.uint8Array({ maxLength }).map((b) => Buffer.from(b)),
    fc.string({ maxLength, unit: 'binary' }),
    fc.constant(null),
  );
const header = bytes(20).filter((b) => b !== null);
const message = fc.record({
  key: bytes(20),
  value: fc.oneof({ weight: 9, arbitrary: bytes(200) }, { weight: 1, arbitrary: fc.constant(Buffer.alloc(70_000, 7)) }),
  // A timestamp is always given: without one the library takes the clock.
  timestamp: fc.nat(2 ** 36).map((t) => String(1_700_000_000_000 + t)),
  headers: fc.option(
    fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.oneof(header, fc.array(header, { minLength: 1, maxLength: 3 })),
      { maxKeys: 4 },
    ),
    { nil: undefined },
  ),
});
const partition = fc.record({
  partition: fc.nat(50),
  firstSequence: fc.nat(2 ** 31 - 1),
  messages: fc.oneof(
    { weight: 9, arbitrary: fc.array(message, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(message, { minLength: 200, maxLength: 300 }) },
  ),
});
const request = fc.record({
  acks: fc.constant(-1),
  timeout: fc.nat(60_000),
  transactionalId: fc.option(fc.string({ maxLength: 10 }), { nil: null }),
  producerId: fc.nat(2 ** 40).map(String),
  producerEpoch: fc.nat(100),
  compression: fc.constantFrom(0, 0, 0, 1),
  topicData: fc.array(
    fc.record({
      topic: fc.string({ minLength: 1, maxLength: 12 }),
      partitions: fc.array(partition, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});

describe('the replaced record encoder', () => {
  test('writes the same bytes as the library for every request', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(request, async (args) => {
        const expected = (await stock(args as ProduceArguments).encode()).buffer;
        const found = (await ours(args as ProduceArguments).encode()).buffer;
        expect(found.equals(expected)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('computes the checksum of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  });
});
