import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { acceptOrder } from '#connectors/commands/model/acceptOrder.ts';
import { address } from '#connectors/commands/model/address.ts';
import type { CommandInput } from '#connectors/commands/model/defineCommand.ts';
import {
  emailField,
  idField,
  skuField,
  textField,
  totalField,
  unitPriceField,
} from '#connectors/commands/model/fields.ts';
import { getLiveStock } from '#connectors/commands/model/getLiveStock.ts';
import { canonicalJson, payloadHash } from '#connectors/commands/model/payloadHash.ts';

const passes = (schema: { safeParse(value: unknown): { success: boolean } }, values: readonly unknown[]): boolean[] =>
  values.map((value) => schema.safeParse(value).success);

describe('fields of commands', () => {
  it('take money as decimal text only, and bring it to one spelling', () => {
    for (const [text, full] of [
      ['0', '0.0000'],
      ['9.9', '9.9000'],
      ['9999999.9999', '9999999.9999'],
      ['10', '10.0000'],
    ]) {
      expect(unitPriceField.parse(text)).toBe(full);
    }
    const bad = [
      '',
      '-1',
      '+1',
      '01',
      '1.',
      '.5',
      '1.00001',
      '1e3',
      '10000000',
      ' 1',
      '1 ',
      '1,5',
      '١',
      'NaN',
      'Infinity',
      1.5,
      null,
    ];
    expect(passes(unitPriceField, bad)).toEqual(bad.map(() => false));
    expect(totalField.parse('9999999999999.9999')).toBe('9999999999999.9999');
  });

  it('take ids without signs, blanks and leading zeros', () => {
    expect(passes(idField('x'), ['1', '2147483647'])).toEqual([true, true]);
    const bad = ['0', '01', '-1', '1.0', '1 ', "1'--", '12345678901', '', 1, '１'];
    expect(passes(idField('x'), bad)).toEqual(bad.map(() => false));
  });

  it('take skus of plain characters', () => {
    expect(passes(skuField, ['A', 'AB-1234', '12345678901234567890', 'A B', 'BK.1/2_3+#'])).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    const bad = ['', ' A', 'A ', 'A;B', "A'B", 'A\nB', 'A\u0000', 'Ä', '%', '123456789012345678901'];
    expect(passes(skuField, bad)).toEqual(bad.map(() => false));
  });

  it('normalise a shopper’s words and refuse what nobody types', () => {
    const field = textField('x', 5);
    expect(field.parse(' e\u0301t ')).toBe('\u00e9t');
    // Three characters, six UTF-16 units: the database counts those.
    expect(passes(field, ['\u{1d518}\u{1d518}', '\u{1d518}\u{1d518}\u{1d518}'])).toEqual([true, false]);
    const bad = ['', '   ', '\ufeff', 'a\ud800', 'a\u0000', 'a\nb', 'a\u202eb', 'toolong', '\ud800', 7];
    expect(passes(field, bad)).toEqual(bad.map(() => false));
  });

  it('refuse unknown fields, too many lines and doubles', () => {
    const line = { sku: 'A', quantity: 1, unitPrice: '1' };
    const order = { customerId: '1', currency: 'GBP', lines: [line], total: '1' };
    const bad = [
      { ...order, note: 'x' },
      { ...order, lines: [{ ...line, discount: '1' }] },
      { ...order, lines: [] },
      { ...order, lines: Array.from({ length: 201 }, () => line) },
      { ...order, lines: [{ ...line, quantity: 1.5 }] },
      { ...order, lines: [{ ...line, quantity: '1' }] },
      { ...order, lines: [{ ...line, quantity: 10_000 }] },
      { ...order, lines: { 0: line } },
    ];
    expect(passes(acceptOrder.input.body, [order, ...bad])).toEqual([true, ...bad.map(() => false)]);
  });
});

describe('the fields of the other commands', () => {
  const skus = getLiveStock.input.query.shape['skus'] as z.ZodType;

  it('take 1 to 50 skus in one text, each of them one', () => {
    expect(skus.parse('A,B C,d/1')).toEqual(['A', 'B C', 'd/1']);
    const many = (n: number): string => Array.from({ length: n }, (_, i) => `S${i}`).join(',');
    const bad = ['', ',', 'A,', 'A,,B', ' A', 'A;B', "A'", many(51)];
    expect(passes(skus, [many(50), ...bad])).toEqual([true, ...bad.map(() => false)]);
  });

  it('take numbers of rows as far as the database counts', () => {
    expect(passes(idField('x'), ['1', '2147483647', '2147483648', '0', '01', '-1', '1.0', 1])).toEqual([
      true,
      true,
      ...Array.from({ length: 6 }, () => false),
    ]);
  });

  it('take e-mail addresses in one spelling', () => {
    expect(emailField.parse('A.Shopper@Example.COM')).toBe('a.shopper@example.com');
    const bad = ['a@b', '@b.uk', 'a@', 'a b@c.uk', 'a@b..', 'ä@b.uk', 'a@-b.uk', `${'a'.repeat(80)}@b.uk`];
    expect(passes(emailField, bad)).toEqual(bad.map(() => false));
  });

  it('take an address that is normalised, bounded, and without controls', () => {
    const given = { name: ' Zoe\u0308 ', line1: '1 Lane', town: 'Leeds', postcode: 'LS1 1AA' };
    expect(address.parse(given)).toEqual({ ...given, name: 'Zo\u00eb' });
    const bad = [
      { ...given, name: 'a\nb' },
      { ...given, name: '\u202egnirts' },
      { ...given, town: 'x'.repeat(31) },
      { ...given, postcode: '' },
      { ...given, country: 'GB' },
      { name: 'x' },
    ];
    expect(passes(address, bad)).toEqual(bad.map(() => false));
  });
});

describe('the payload hash', () => {
  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const reversed = Object.fromEntries(Object.entries(body).toReversed());
        expect(payloadHash('X', { params: {}, query: {}, body: reversed })).toEqual(
          payloadHash('X', { params: {}, query: {}, body }),
        );
      }),
    );
  });

  it('depends on everything else', () => {
    const hashes = [
      payloadHash('A', { params: {}, query: {}, body: { a: '1' } }),
      payloadHash('B', { params: {}, query: {}, body: { a: '1' } }),
      payloadHash('A', { params: {}, query: {}, body: { a: 1 } }),
      payloadHash('A', { params: {}, query: {}, body: { a: ['1'] } }),
    ];
    expect(new Set(hashes.map((hash) => hash.toString('hex'))).size).toBe(hashes.length);
  });

  it('is the same wherever a field stands, so that every door makes the same of a command', () => {
    const hash = (input: Partial<CommandInput>) => payloadHash('A', { params: {}, query: {}, body: {}, ...input });
    expect(hash({ params: { a: '1' } })).toEqual(hash({ body: { a: '1' } }));
  });

  it('sees the same value however deep its members are shuffled', () => {
    expect(canonicalJson({ b: [{ y: 1, x: undefined, w: null }], a: 'é' })).toBe('{"a":"é","b":[{"w":null,"y":1}]}');
  });
});
