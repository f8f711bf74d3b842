import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SqlType, SqlValue } from '#infra/standin/sql/values.ts';
import { ByteReader } from '#infra/standin/tds/byteReader.ts';
import { encoderOf } from '#infra/standin/tds/encoders.ts';
import { ProtocolError } from '#infra/standin/tds/protocol.ts';
import { TokenWriter } from '#infra/standin/tds/tokenWriter.ts';
import { writeTypeInfo } from '#infra/standin/tds/typeInfo.ts';
import { readTypeInfo } from '#infra/standin/tds/typeInfoReader.ts';
import { typedValue } from './valueArbitraries.ts';

/** TYPE_INFO and value as they stand in a column. */
function encode(type: SqlType, value: SqlValue): Buffer {
  const w = new TokenWriter(new PassThrough(), 51);
  writeTypeInfo(w, type);
  encoderOf(type)(w, value);
  return Buffer.from(w.buffer.subarray(0, w.at));
}

function encodeValue(type: SqlType, value: SqlValue): string {
  const w = new TokenWriter(new PassThrough(), 51);
  encoderOf(type)(w, value);
  return w.buffer.toString('hex', 0, w.at);
}

function decode(bytes: Buffer): { type: SqlType; value: SqlValue; left: number } {
  const r = new ByteReader(bytes);
  const wire = readTypeInfo(r, 'pointer');
  return { type: wire.type, value: wire.decode(r), left: r.left };
}

describe('values on the wire', () => {
  it('come back as they went, for every type', () => {
    fc.assert(
      fc.property(typedValue, ({ type, value }) => {
        const back = decode(encode(type, value));
        expect(back.left).toBe(0);
        // What a variant's text was declared as is not told on the wire: it comes back as the longest.
        if (type.k === 'sql_variant' && value !== null)
          expect(withoutLengths(back.value)).toEqual(withoutLengths(value));
        else expect(back).toMatchObject({ type, value });
      }),
      { numRuns: 3000 },
    );
  });

  it('are never read beyond the end of a message', () => {
    fc.assert(
      fc.property(typedValue, fc.double({ min: 0, max: 0.999, noNaN: true }), ({ type, value }, part) => {
        const whole = encode(type, value);
        const cut = whole.subarray(0, Math.floor(whole.length * part));
        expect(() => decode(cut)).toThrow(ProtocolError);
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, SqlType, SqlValue, string]>([
    ['int', { k: 'int' }, -2, '04feffffff'],
    ['bigint', { k: 'bigint' }, -2n, '08feffffffffffffff'],
    ['money, high half first', { k: 'money' }, 4_294_967_297n * 10n, '080a0000000a000000'],
    ['decimal(18,2)', { k: 'decimal', p: 18, s: 2 }, -1234n, '0900d204000000000000'],
    ['decimal(5,2)', { k: 'decimal', p: 5, s: 2 }, 1n, '050101000000'],
    ['datetime2(7)', { k: 'datetime2', s: 7 }, 864_000_000_001n, '080100000000010000'],
    ['datetime2(0)', { k: 'datetime2', s: 0 }, 864_010_000_000n, '06010000010000'],
    ['datetime before 1900', { k: 'datetime' }, -1, '08ffffffffff818b01'],
    [
      'uniqueidentifier',
      { k: 'uniqueidentifier' },
      '00112233-4455-6677-8899-AABBCCDDEEFF',
      '1033221100554477668899aabbccddeeff',
    ],
    ['varchar with the euro sign', { k: 'varchar', n: 10 }, '€é', '020080e9'],
    ['varchar with a character the page lacks', { k: 'varchar', n: 10 }, 'Ω', '01003f'],
    ['nvarchar', { k: 'nvarchar', n: 10 }, 'Aé', '04004100e900'],
    ['nvarchar(max)', { k: 'nvarchar', n: -1 }, 'A', '020000000000000002000000410000000000'],
    ['NULL of a (max) type', { k: 'varbinary', n: -1 }, null, 'ffffffffffffffff'],
  ])('have the bytes of MS-TDS: %s', (_name, type, value, hex) => {
    expect(encodeValue(type, value)).toBe(hex);
  });

  it('refuse a text that its column cannot hold', () => {
    expect(() => encodeValue({ k: 'nvarchar', n: 10 }, 'x'.repeat(4001))).toThrow(RangeError);
  });
});

describe('values sent by clients', () => {
  const decimalOf = (magnitude: string): SqlValue =>
    decode(Buffer.from(`6a112602${(magnitude.length / 2 + 1).toString(16).padStart(2, '0')}01${magnitude}`, 'hex'))
      .value;

  it('may have a decimal magnitude of any length', () => {
    expect(decimalOf('7b')).toBe(123n);
    expect(decimalOf('7b00')).toBe(123n);
    expect(decimalOf('7b0000000000000000000000')).toBe(123n);
    expect(decimalOf('ffffffffffffffff')).toBe(2n ** 64n - 1n);
  });

  it('may come in several chunks', () => {
    const bytes = `e7ffff0904d00034${'feffffffffffffff'}02000000410002000000420000000000`;
    expect(decode(Buffer.from(bytes, 'hex')).value).toBe('AB');
  });

  it.each([
    ['a date after 9999', '2803ffffff', /date/],
    ['a time of 25 hours', '2900030f5f01', /time/],
    ['a float that is not a number', '6d0808000000000000f87f', /float/],
    ['a decimal of 39 digits', `6a112600${'11'}01${'ff'.repeat(16)}`, /decimal/],
    ['an unknown type', 'f0', /0xF0/],
  ])('are refused with a SQL error: %s', (_name, hex, text) => {
    expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(text);
    expect(() => decode(Buffer.from(hex, 'hex'))).not.toThrow(ProtocolError);
  });

  it.each([
    ['INTN of 3 bytes', '2603'],
    ['a decimal of scale 9 and precision 2', '6a050209'],
    ['a time scale of 8', '2908'],
  ])('break the connection when their type makes no sense: %s', (_name, hex) => {
    expect(() => decode(Buffer.from(`${hex}0000000000`, 'hex'))).toThrow(ProtocolError);
  });
});

function withoutLengths(value: SqlValue): unknown {
  if (typeof value !== 'object' || value === null || !('variant' in value)) return value;
  return 'n' in value.variant ? { k: value.variant.k, value: value.value } : value;
}
