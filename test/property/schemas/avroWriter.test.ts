import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroField, AvroRecord, AvroSchema } from '#schemas/avroSchema.ts';
import { compileAvro, libraryType } from '#schemas/avroType.ts';
import { compileWriter } from '#schemas/avroWriter.ts';

const decimalType = (scale: number): AvroSchema => ({ type: 'bytes', logicalType: 'decimal', precision: 38, scale });
const decimalText = (scale: number): fc.Arbitrary<string> =>
  fc.oneof(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), fc.bigInt({ min: -99_999n, max: 99_999n })).map((n) => {
    const digits = String(n < 0n ? -n : n).padStart(scale + 1, '0');
    const cut = digits.length - scale;
    return `${n < 0n ? '-' : ''}${digits.slice(0, cut)}${scale > 0 ? `.${digits.slice(cut)}` : ''}`;
  });

/** Types of change records with values for them. Strings are well formed, as the library writes half a surrogate pair as no UTF-8 at all. */
const TYPES: readonly (readonly [AvroSchema, fc.Arbitrary<unknown>])[] = [
  ['boolean', fc.boolean()],
  [{ type: 'int', 'connect.type': 'int16' }, fc.integer()],
  ['long', fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -300n, max: 300n }))],
  [
    { type: 'long', 'connect.name': 'io.debezium.time.NanoTimestamp' },
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n),
  ],
  ['float', fc.float()],
  ['double', fc.double()],
  ['bytes', fc.uint8Array({ maxLength: 200 }).map((a) => Buffer.from(a))],
  ['string', fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }))],
  ...[0, 2, 4, 19].map((scale) => [decimalType(scale), decimalText(scale)] as const),
];

const field = fc
  .record({ type: fc.constantFrom(...TYPES), optional: fc.constantFrom('no', 'null first', 'null last') })
  .map(({ type: [schema, value], optional }) => {
    if (optional === 'no') return { schema, value };
    return {
      schema: (optional === 'null first' ? ['null', schema] : [schema, 'null']) as AvroSchema,
      value: fc.option(value),
    };
  });

/** An envelope: a row type that is defined at its first place and named at its second. */
const cases = fc.array(field, { minLength: 1, maxLength: 8 }).chain((fields) => {
  const row: AvroRecord = {
    type: 'record',
    name: 'Value',
    namespace: 'a.b',
    fields: fields.map(({ schema }, i): AvroField => ({ name: `f${i}`, type: schema })),
  };
  const schema: AvroRecord = {
    type: 'record',
    name: 'Envelope',
    namespace: 'a.b',
    fields: [
      { name: 'before', type: ['null', row] },
      { name: 'after', type: ['null', 'Value'] },
      { name: 'op', type: 'string' },
    ],
  };
  const values = fc.record(Object.fromEntries(fields.map(({ value }, i) => [`f${i}`, value])));
  const envelope = fc.record({ before: fc.option(values), after: fc.option(values), op: fc.constantFrom('c', 'u') });
  return fc.record({ schema: fc.constant(schema), value: envelope, room: fc.integer({ min: 0, max: 60 }) });
});

describe('our writer of Avro', () => {
  test('gives the bytes the library gives', () => {
    fc.assert(
      fc.property(cases, ({ schema, value }) => {
        const write = compileWriter(schema)!;
        const target = Buffer.alloc(16_384);
        const end = write(value, target, 5);
        expect(target.subarray(5, end).toString('hex')).toBe(libraryType(schema).toBuffer(value).toString('hex'));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  test('tells how much room is missing, and writes nothing past the end', () => {
    fc.assert(
      fc.property(cases, ({ schema, value, room }) => {
        const { length } = libraryType(schema).toBuffer(value);
        const memory = Buffer.alloc(room + 300, 0xee);
        const end = compileAvro(schema).encode(value, memory.subarray(0, room), 0);
        expect(end).toBe(length <= room ? length : room - length);
        expect(memory.subarray(room).every((byte) => byte === 0xee)).toBe(true);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  test.each([
    ['a text where a number belongs', { before: null, after: { f: 'x' }, op: 'c' }],
    ['a number out of range', { before: null, after: { f: 2 ** 31 }, op: 'c' }],
    ['a missing field', { before: null, after: { f: 1 } }],
  ])('leaves %s to the library, which names the field', (_what, value) => {
    const row: AvroRecord = { type: 'record', name: 'V', fields: [{ name: 'f', type: 'int' }] };
    const schema: AvroRecord = {
      type: 'record',
      name: 'E',
      fields: [
        { name: 'before', type: ['null', row] },
        { name: 'after', type: ['null', 'V'] },
        { name: 'op', type: 'string' },
      ],
    };
    expect(() => compileAvro(schema).encode(value, Buffer.alloc(100), 0)).toThrow(/do(es)? not fit/);
  });

  test('fills in what a schema has as default', () => {
    const schema: AvroRecord = { type: 'record', name: 'D', fields: [{ name: 'f', type: 'int', default: 7 }] };
    const target = Buffer.alloc(10);
    expect(compileAvro(schema).encode({}, target, 0)).toBe(1);
    expect(target[0]).toBe(14);
  });
});
