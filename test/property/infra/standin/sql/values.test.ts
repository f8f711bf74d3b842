import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collationKey, compareStrings } from '#infra/standin/sql/collation.ts';
import { compareValues, guidKey, valueKey } from '#infra/standin/sql/compare.ts';
import { convert } from '#infra/standin/sql/convert.ts';
import { civilOf, dayOf, daysInMonth, MAX_DAY } from '#infra/standin/sql/temporal.ts';
import {
  binary,
  DATETIME,
  datetime2,
  datetimeoffset,
  decimal,
  FLOAT,
  GUID,
  MAX,
  MONEY,
  type SqlType,
  type SqlValue,
  time,
  UNITS_PER_DAY,
  UNITS_PER_DAY_BIG,
  varbinary,
  varchar,
} from '#infra/standin/sql/values.ts';

const TEXT = varchar(MAX);

/** Out as text and back again. */
function throughText(v: SqlValue, type: SqlType, style?: number): SqlValue {
  return convert(convert(v, type, TEXT, style), TEXT, type);
}

describe('values survive the way through text', () => {
  it('decimal of any precision and scale', () => {
    const shaped = fc
      .integer({ min: 1, max: 38 })
      .chain((p) => fc.tuple(fc.constant(p), fc.integer({ min: 0, max: p })));
    const valued = shaped.chain(([p, s]) =>
      fc.tuple(fc.constant(decimal(p, s)), fc.bigInt({ min: 1n - 10n ** BigInt(p), max: 10n ** BigInt(p) - 1n })),
    );
    fc.assert(
      fc.property(valued, ([type, v]) => {
        expect(throughText(v, type)).toBe(v);
      }),
    );
  });

  it('money in style 2', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (v) => {
        expect(throughText(v, MONEY, 2)).toBe(v);
      }),
    );
  });

  it('float in style 3', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((v) => v !== 0),
        (v) => {
          expect(throughText(v, FLOAT, 3)).toBe(v);
        },
      ),
    );
  });

  it('datetime2(7)', () => {
    const any = fc.bigInt({ min: 0n, max: BigInt(MAX_DAY + 1) * UNITS_PER_DAY_BIG - 1n });
    fc.assert(
      fc.property(any, (v) => {
        expect(throughText(v, datetime2(7))).toBe(v);
      }),
    );
  });

  it('datetimeoffset(7), offset included', () => {
    const any = fc.record({
      utc: fc.bigInt({ min: UNITS_PER_DAY_BIG, max: BigInt(MAX_DAY) * UNITS_PER_DAY_BIG }),
      offset: fc.integer({ min: -840, max: 840 }),
    });
    fc.assert(
      fc.property(any, (v) => {
        expect(throughText(v, datetimeoffset(7))).toEqual(v);
      }),
    );
  });

  it('time(7)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: UNITS_PER_DAY - 1 }), (v) => {
        expect(throughText(v, time(7))).toBe(v);
      }),
    );
  });

  it('datetime, whose ticks of 1/300 s show as .000, .003 or .007', () => {
    fc.assert(
      fc.property(fc.integer({ min: -4_000_000_000_00, max: 76_000_000_000_000 }), (v) => {
        const text = convert(v, DATETIME, TEXT, 121) as string;
        expect(text).toMatch(/[037]$/);
        expect(convert(text, TEXT, DATETIME)).toBe(v);
      }),
    );
  });

  it('binary in style 1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = convert(Buffer.from(bytes), varbinary(MAX), TEXT, 1);
        expect(convert(text, TEXT, varbinary(MAX), 1)).toEqual(Buffer.from(bytes));
      }),
    );
  });
});

describe('values survive the way through bytes', () => {
  it('uniqueidentifier', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const guid = uuid.toUpperCase();
        expect(convert(convert(guid, GUID, binary(16)), binary(16), GUID)).toBe(guid);
      }),
    );
  });

  it('decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), (v) => {
        const bytes = convert(v, decimal(38, 5), varbinary(MAX));
        expect(convert(bytes, varbinary(MAX), decimal(38, 5))).toBe(v);
      }),
    );
  });
});

describe('order', () => {
  it('of uniqueidentifiers looks at the last six bytes first', () => {
    const group = (last: string): string => `FFFFFFFF-FFFF-FFFF-FFFF-${last}`;
    expect(compareValues(group('000000000001'), '00000000-0000-0000-0000-000000000002', GUID)).toBeLessThan(0);
    expect(
      compareValues('01000000-0000-0000-0000-000000000000', '00000002-0000-0000-0000-000000000000', GUID),
    ).toBeLessThan(0);
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (a, b) => {
        const order = compareValues(a.toUpperCase(), b.toUpperCase(), GUID);
        const keys = guidKey(a.toUpperCase()) < guidKey(b.toUpperCase());
        expect(order < 0).toBe(keys);
      }),
    );
  });

  it('of strings is that of their keys, and blind to case and trailing blanks', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const byKey = collationKey(a) < collationKey(b) ? -1 : collationKey(a) > collationKey(b) ? 1 : 0;
        expect(Math.sign(compareStrings(a, b))).toBe(byKey);
      }),
    );
    const ascii = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(ascii, (a) => {
        expect(collationKey(`${a.toUpperCase()}   `)).toBe(collationKey(a.toLowerCase()));
      }),
    );
  });

  it('of equal values gives equal keys for hashing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        const padded = Buffer.concat([Buffer.from(bytes), Buffer.alloc(3)]);
        expect(valueKey(padded, varbinary(20))).toBe(valueKey(Buffer.from(bytes), varbinary(20)));
        expect(compareValues(padded, Buffer.from(bytes), varbinary(20))).toBe(0);
      }),
    );
  });
});

describe('the calendar', () => {
  it('counts days there and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_DAY }), (day) => {
        const { year, month, day: d } = civilOf(day);
        expect(d).toBeLessThanOrEqual(daysInMonth(year, month));
        expect(dayOf(year, month, d)).toBe(day);
      }),
    );
  });

  it('agrees with the Gregorian calendar of the platform', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1600-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const day = Math.floor(date.getTime() / 86_400_000) + 719_162;
          expect(civilOf(day)).toEqual({
            year: date.getUTCFullYear(),
            month: date.getUTCMonth() + 1,
            day: date.getUTCDate(),
          });
        },
      ),
    );
  });
});
