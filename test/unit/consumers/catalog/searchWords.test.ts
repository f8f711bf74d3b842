import { describe, expect, it } from 'vitest';
import { planQuery } from '#consumers/catalog/searchPlan.ts';
import { measure, rulesOf } from '#consumers/catalog/searchRules.ts';
import { bareCode, fold, readQuery, wordKey } from '#consumers/catalog/searchWords.ts';
import { germanNormal } from '#infra/runtime/config/germanWords.ts';

const words = (q: string): string[] => readQuery(q).words.map((word) => word.text);

describe('the words of a query', () => {
  it.each([
    ['  Red   HELMET ', ['red', 'helmet']],
    ['BK-M82S-44', ['bk', 'm82s', '44']],
    ["women's shorts", ["women's", 'shorts']],
    ['1,5 l Kanne', ['1,5', 'l', 'kanne']],
    ['Gießkanne', ['gießkanne']],
    ['***', []],
    ['ﬁne', ['fine']],
  ])('of %s are %j', (q, expected) => {
    expect(words(q)).toEqual(expected);
  });

  it('are ten at most, of forty characters at most; the others are named', () => {
    const { words: read, ignored } = readQuery(`${'a'.repeat(60)} 1 2 3 4 5 6 7 8 9 ten eleven`);
    expect(read).toHaveLength(10);
    expect(read[0]!.text).toHaveLength(40);
    expect(ignored).toEqual(['ten', 'eleven']);
  });

  it('that say nothing are not demanded, unless there are no others', () => {
    expect(readQuery('the helmet').words.map((word) => word.stop)).toEqual([true, false]);
    expect(readQuery('the who').words.some((word) => word.stop)).toBe(true);
    expect(readQuery('of the').words.map((word) => word.stop)).toEqual([false, false]);
  });

  it('behind a "for" say what the thing is for', () => {
    expect(readQuery('saddle for long rides').words.map((word) => word.purpose)).toEqual([false, false, true, true]);
  });

  it('are known to rules whatever their number and accents', () => {
    for (const [one, other] of [
      ['Mudguards', 'mudguard'],
      ['Bremsen', 'bremse'],
      ['Sättel', 'sattel'],
      ['batteries', 'battery'],
      ['Handschuhe', 'handschuh'],
    ] as const)
      expect(wordKey(one)).toBe(wordKey(other));
    expect(wordKey('glass')).not.toBe(wordKey('gla'));
    expect(fold('Süß')).toBe('suss');
    expect(bareCode('BK-M82S/44 ')).toBe('bkm82s44');
  });
});

describe('German spelling', () => {
  it('has one form of umlauts, and leaves ue alone where it is none', () => {
    expect(['sättel', 'saettel', 'sattel'].map(germanNormal)).toEqual(['sattel', 'sattel', 'sattel']);
    expect(germanNormal('gießkanne')).toBe('giesskanne');
    expect(['bauer', 'quelle', 'mueller'].map(germanNormal)).toEqual(['bauer', 'quelle', 'muller']);
  });
});

describe('rules', () => {
  const rules = rulesOf({
    synonyms: ['mtb => mountain bike', 'fahrrad, rad'],
    compounds: ['fahrrad', 'sattel', 'garten', 'schlauch', 'topf'],
  });
  const meanings = (q: string): readonly string[] => rules.synonyms(readQuery(q).words);

  it('work from left to right, or both ways', () => {
    expect(meanings('MTB')).toEqual(['mountain bike']);
    expect(meanings('mountain bike')).toEqual([]);
    expect(meanings('Räder')).toEqual(['fahrrad']);
    expect(meanings('Fahrrads')).toEqual(['rad']);
  });

  it.each([
    ['fahrradsattel', ['fahrrad', 'sattel']],
    ['gartenschläuche', ['garten', 'schlauch']],
    ['terrakottatopf', ['terrakotta', 'topf']],
    ['sattel', null],
    ['xyzzy', null],
  ])('take %s apart into %j', (word, parts) => {
    expect(rules.parts(readQuery(word).words[0]!)).toEqual(parts);
  });

  it('know measures however they are written', () => {
    expect(measure('44cm')).toContain('44 cm');
    expect(measure('1,5 liter')).toContain('1.5 l');
    expect(measure('44')).toEqual([]);
    expect(measure('44 shoes')).toEqual([]);
  });
});

describe('a plan', () => {
  const plan = (q: string) => planQuery(q, rulesOf());
  const texts = (q: string, at: number): string[] =>
    plan(q).slots[at]!.meanings.map(
      (meaning) => `${meaning.kind} ${meaning.kind === 'parts' ? meaning.words.join('+') : meaning.text}`,
    );

  it('reads a word alone, with its neighbours, joined and as part of a code', () => {
    expect(texts('head set', 0)).toEqual(['words head', 'label head set', 'words headset']);
    expect(texts('bk m82s 44', 1)).toContain('code bkm82s44');
    expect(texts('mountain200', 0)).toContain('words mountain 200');
  });

  it('makes a number and its unit one thing', () => {
    const { slots } = plan('bike 44 cm');
    expect(slots.map((slot) => slot.text)).toEqual(['bike', '44 cm']);
  });
});
