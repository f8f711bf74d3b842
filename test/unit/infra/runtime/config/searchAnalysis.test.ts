import { describe, expect, it } from 'vitest';
import { catalogSchema } from '#infra/runtime/config/catalog.ts';
import { searchAnalysis } from '#infra/runtime/config/define.ts';

interface Analysis {
  readonly analyzer: Readonly<Record<string, { readonly filter: readonly string[] }>>;
  readonly filter: Readonly<Record<string, unknown>>;
}

const BUILT_IN = ['lowercase', 'asciifolding', 'german_normalization', 'remove_duplicates'];

const document = (search: object) => ({
  type: 'product',
  version: 1,
  root: 'dbo.A',
  joins: {},
  id: () => '1',
  project: () => ({}),
  mapping: { name: { type: 'text' }, price: { type: 'long' } },
  search: { text: { name: 1 }, ...search },
});
const faults = (search: object): string[] =>
  (catalogSchema.safeParse({ documents: [document(search)] }).error?.issues ?? []).map((issue) => issue.message);

describe('searchAnalysis', () => {
  it.each([[['en']], [['de']], [['de', 'en']]] as const)(
    'names only filters and analyzers it defines, for %j',
    (languages) => {
      const made = searchAnalysis({ languages: [...languages] });
      const { analyzer, filter } = (made.settings as { analysis: Analysis }).analysis;
      const used = Object.values(analyzer).flatMap((entry) => entry.filter);
      expect(used.filter((name) => !BUILT_IN.includes(name) && !(name in filter))).toEqual([]);
      const fields = JSON.stringify([made.title(), made.text(), made.label(), made.category(), made.fields]);
      const named = [...fields.matchAll(/"(?:search_)?analyzer":"(\w+)"/gu)].map((match) => match[1]!);
      expect(named.filter((name) => !(name in analyzer))).toEqual([]);
    },
  );

  it('keeps synonyms out of what is stored, so that they change without a rebuild', () => {
    const [plain, rich] = [searchAnalysis(), searchAnalysis({ synonyms: ['bike, cycle'] })];
    expect(rich.settings).toEqual(plain.settings);
    expect(rich.title()).toEqual(plain.title());
    expect(rich.search.language.synonyms).toEqual(['bike, cycle']);
  });
});

describe('the section search', () => {
  it.each([
    ['a boost of an unknown field', { boosts: [{ field: 'sales', weight: 1 }] }, /sales is not in the mapping/],
    ['a popular sort that is not declared', { popular: 'newest' }, /there is no sort newest/],
    ['suggested values of no facet', { suggest: { field: 'name', groups: ['brand'] } }, /there is no facet brand/],
    ['a rule with nothing on one side', { language: { synonyms: ['a =>'], compounds: [] } }, /expected "a, b c"/],
    ['stock of a field that is not there', { stock: { field: 'sku' } }, /sku is not in the mapping/],
  ])('refuses %s', (_, search, message) => {
    expect(faults(search).join()).toMatch(message);
  });
});
