import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bigintToBytes,
  bytesToBigint,
  bytesToDecimal,
  decimalToBytes,
  formatUnscaled,
  unscaled,
} from '#schemas/decimal.ts';

const wide = fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n });

describe('decimals', () => {
  test('every 38-digit number survives the way through bytes, in the fewest bytes', () => {
    fc.assert(
      fc.property(wide, (value) => {
        const bytes = bigintToBytes(value);
        expect(bytesToBigint(bytes)).toBe(value);
        if (bytes.length > 1) expect(BigInt.asIntN((bytes.length - 1) * 8, value)).not.toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  test('text keeps every digit and the scale', () => {
    fc.assert(
      fc.property(wide, fc.integer({ min: 0, max: 38 }), (value, scale) => {
        const text = formatUnscaled(value, scale);
        expect(unscaled(text, scale)).toBe(value);
        expect(bytesToDecimal(decimalToBytes(text, scale), scale)).toBe(text);
      }),
    );
  });

  test('short texts take a quicker way to the same bytes', () => {
    const short = fc.record({
      value: fc.integer({ min: -(10 ** 9), max: 10 ** 9 }),
      scale: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(short, fc.integer({ min: 0, max: 6 }), ({ value, scale }, more) => {
        const text = formatUnscaled(BigInt(value), scale);
        expect(decimalToBytes(text, scale + more)).toEqual(bigintToBytes(unscaled(text, scale + more)));
      }),
      { numRuns: 2000 },
    );
  });

  test('fills up the scale and never rounds', () => {
    expect(bytesToDecimal(decimalToBytes('12.34', 4), 4)).toBe('12.3400');
    expect(bytesToDecimal(decimalToBytes('-0.0001', 4), 4)).toBe('-0.0001');
    expect(() => decimalToBytes('1.23456', 4)).toThrow(/at most 4 digits/);
    expect(() => decimalToBytes('1e3', 4)).toThrow();
  });
});
