import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRowKey, linkText, renameLink, rowKeyText } from '#consumers/rows/rowText.ts';
import { RowShapes } from '#consumers/rows/shapes.ts';

describe('a stored row', () => {
  it('comes back exactly', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== '__proto__'),
          value,
        ),
        (row) => {
          const writer = new RowShapes();
          const text = writer.encode(row);
          const reader = new RowShapes();
          const name = reader.unknownAt(`before${text}`, 6)!;
          reader.learn(name, writer.stored(name));
          expect(reader.decode(text)).toEqual({ ...row });
          expect(decodeRowKey(rowKeyText(row))).toEqual({ ...row });
        },
      ),
    );
  });
});

describe('a link', () => {
  it('is the same for values that old systems take for equal', () => {
    const link = linkText({ A: 'ab12  ', B: 7 }, ['A', 'B']);
    expect(linkText({ X: 'AB12', Y: 7n }, ['X', 'Y'], ['A', 'B'])).toBe(link);
    expect(renameLink(link!, ['X', 'Y'])).toBe('X,Y=ab12,7');
  });

  it('does not exist when a value is NULL, and differs for leading blanks', () => {
    expect(linkText({ A: null }, ['A'])).toBeNull();
    expect(linkText({}, ['A'])).toBeNull();
    expect(linkText({ A: ' a' }, ['A'])).not.toBe(linkText({ A: 'a' }, ['A']));
  });

  it('never holds a tab or a line end, and tells values apart that hold its own separators', () => {
    expect(linkText({ A: 'a\tb\nc' }, ['A'])).toMatch(/^[^\t\n]+$/);
    const texts = fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(texts, texts, ([a, b], [c, d]) => {
        const same = (x: string, y: string): boolean =>
          x.replace(/ +$/u, '').toLowerCase() === y.replace(/ +$/u, '').toLowerCase();
        const [one, other] = [linkText({ A: a, B: b }, ['A', 'B']), linkText({ A: c, B: d }, ['A', 'B'])];
        expect(one === other).toBe(same(a, c) && same(b, d));
      }),
    );
  });
});
