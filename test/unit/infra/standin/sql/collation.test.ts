import { describe, expect, it } from 'vitest';
import { collationKey, compareStrings, findCollation, fold, keyUnder } from '#infra/standin/sql/collation.ts';

describe('collations', () => {
  it('are found by the shape of their name', () => {
    expect(findCollation('Latin1_General_100_CI_AS_SC_UTF8')?.kind).toBe('ci');
    expect(findCollation('SQL_Latin1_General_CP1_CS_AS')?.kind).toBe('cs');
    expect(findCollation('Latin1_General_BIN2')?.kind).toBe('bin');
    expect(findCollation('database_default')?.kind).toBe('ci');
    expect(findCollation('nonsense')).toBeUndefined();
  });

  it('sort punctuation before digits before letters, whatever the case', () => {
    const sorted = ['b', 'A', 'a1', '_x', '10', 'B', '-', 'a'].sort((a, b) => compareStrings(a, b));
    expect(sorted.map((s) => s.toLowerCase())).toEqual(['_x', '-', '10', 'a', 'a', 'a1', 'b', 'b']);
  });

  it('tell accents apart and fold their case', () => {
    expect(compareStrings('É', 'é')).toBe(0);
    expect(compareStrings('e', 'é')).not.toBe(0);
  });

  it('ignore trailing blanks but not leading ones', () => {
    expect(collationKey('a  ')).toBe(collationKey('A'));
    expect(collationKey(' a')).not.toBe(collationKey('a'));
  });

  it('order case-sensitive strings by letters first, lower case before upper', () => {
    const cs = findCollation('Latin1_General_CS_AS');
    const sorted = ['B', 'a', 'A', 'b'].sort((x, y) => compareStrings(x, y, cs));
    expect(sorted).toEqual(['a', 'A', 'b', 'B']);
    expect(keyUnder('a ', cs)).toBe(keyUnder('a', cs));
  });

  it('fold without changing the length', () => {
    expect(fold('İSTANBUL')).toHaveLength('İSTANBUL'.length);
    expect(fold('AbC', findCollation('Latin1_General_BIN'))).toBe('AbC');
  });
});
