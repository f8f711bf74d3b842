import { describe, expect, it } from 'vitest';
import { definitionFingerprint } from '#consumers/catalog/fingerprint.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';

const base: DocumentDefinition = {
  type: 'thing',
  version: 1,
  root: 'dbo.THING',
  joins: { kind: { table: 'dbo.KIND', on: { KIND: 'KIND' } } },
  id: (row) => String(row['CODE']),
  project: (rows) => ({ name: String((rows['root'] as { NAME: string }).NAME) }),
  mapping: { name: { type: 'text' }, code: { type: 'keyword' } },
};
const print = (changes: Partial<DocumentDefinition>): string => definitionFingerprint({ ...base, ...changes });
const unchanged = print({});

describe('the fingerprint of a definition', () => {
  it('does not mind formatting, comments, types, and the order of members', () => {
    // biome-ignore format: the other spelling is the test
    const id = (row: Readonly<Record<string, unknown>>)   =>   String(row['CODE'] /* the code */);
    expect(print({ id })).toBe(unchanged);
    expect(print({ mapping: { code: { type: 'keyword' }, name: { type: 'text' } } })).toBe(unchanged);
    expect(print({ version: 2 })).toBe(unchanged);
  });

  it('is another one for other joins, code, mapping or settings', () => {
    const others = [
      print({ joins: {} }),
      print({ joins: { kind: { table: 'dbo.KIND', on: { KIND: 'KIND' }, many: true } } }),
      print({ id: (row) => String(row['CODE']).trim() }),
      print({ project: (rows) => ({ name: `${(rows['root'] as { NAME: string }).NAME} ` }) }),
      print({ filter: () => true }),
      print({ mapping: { name: { type: 'keyword' }, code: { type: 'keyword' } } }),
      print({ settings: { number_of_shards: 2 } }),
    ];
    expect(new Set([unchanged, ...others]).size).toBe(others.length + 1);
  });

  it('minds blanks inside texts', () => {
    const word = (text: string): string => print({ id: text === 'a b' ? () => 'a b' : () => 'ab' });
    expect(word('a b')).not.toBe(word('ab'));
  });
});
