import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { SearchParams } from '#consumers/catalog/searchTypes.ts';
import type { ShopDocument } from '#infra/demo/document.ts';
import { product } from '#infra/demo/epos/sluice.config.ts';
import { eposShop } from '#test/support/search/eposJudgements.ts';
import { GERMAN_PRODUCTS, germanProduct } from '#test/support/search/germanShop.ts';
import { SearchWorld } from '#test/support/search/searchWorld.ts';

/** What holds for whatever is asked, over the generated shop on a real Elasticsearch. */

let world: SearchWorld<ShopDocument>;
let german: SearchWorld<object>;
let documents: ShopDocument[];

beforeAll(async () => {
  const { url } = inject('stack').elasticsearch!;
  const shop = eposShop();
  documents = [...shop.documents.values()] as ShopDocument[];
  world = await new SearchWorld<ShopDocument>(url, product as never).fill(shop.documents);
  german = await new SearchWorld(url, germanProduct).fill(GERMAN_PRODUCTS);
});
afterAll(async () => {
  await Promise.all([world.close(), german.close()]);
});

const FACETS = {
  category: (d: ShopDocument) => d.category,
  subcategory: (d: ShopDocument) => d.subcategory,
  brand: (d: ShopDocument) => d.brand,
  colour: (d: ShopDocument) => d.colour,
  size: (d: ShopDocument) => d.size,
} as const;
type FacetName = keyof typeof FACETS;
const NAMES = Object.keys(FACETS) as FacetName[];

describe('facets', () => {
  it('count for every value what choosing it alone in its facet would find, as counting by hand does', async () => {
    const values = Object.fromEntries(
      NAMES.map((name) => [name, [...new Set(documents.map(FACETS[name]))].filter((v) => v !== null)]),
    );
    const chosen = fc.record(
      Object.fromEntries(NAMES.map((name) => [name, fc.subarray(values[name]!, { maxLength: 3 })])) as Record<
        FacetName,
        fc.Arbitrary<string[]>
      >,
      { requiredKeys: [] },
    );
    const range = fc.option(fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 20_000 })), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(chosen, range, async (filters, price) => {
        const bounds = price === undefined ? undefined : { from: Math.min(...price), to: Math.max(...price) };
        const priced = documents.filter((d) => !bounds || (d.priceMinor >= bounds.from && d.priceMinor < bounds.to));
        const passes = (d: ShopDocument, except?: FacetName): boolean =>
          NAMES.every(
            (name) => name === except || !filters[name]?.length || filters[name].includes(FACETS[name](d) ?? ''),
          );
        const found = await world.search.search({
          filters,
          ...(bounds ? { ranges: { price: bounds } } : {}),
          limit: 1,
        });
        expect(found.total).toBe(priced.filter((d) => passes(d)).length);
        expect(found.matched).toBe(documents.length);
        for (const name of NAMES) {
          const counts = Map.groupBy(
            priced.filter((d) => passes(d, name)),
            FACETS[name],
          );
          for (const { value, count, selected } of found.facets[name]!) {
            expect([name, value, count]).toEqual([name, value, counts.get(value)?.length ?? 0]);
            expect(selected).toBe(filters[name]?.includes(value) ?? false);
          }
          const largest = Math.max(0, ...[...counts].flatMap(([value, list]) => (value === null ? [] : [list.length])));
          expect(Math.max(0, ...found.facets[name]!.map(({ count }) => count))).toBe(largest);
        }
      }),
      { numRuns: 40, seed: 5 },
    );
  });
});

describe('whatever is typed', () => {
  const nasty = fc.constantFrom(
    '"',
    '*',
    '~2',
    '\\',
    '/',
    '(',
    ')',
    ':',
    'AND',
    'OR',
    'NOT',
    '_exists_:x',
    '{',
    '<script>',
    '\u0000',
    '\ud800',
    'ß',
    'İ',
    '漢字',
    '🚲',
    "'",
    '%00',
    '44cm',
    'BK-',
    '1,5',
    'zqb',
    'zqe',
    '-',
    '^5',
  );
  const word = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.string({ maxLength: 60, unit: 'grapheme' }),
    nasty,
    fc.constantFrom('paint', 'garden', 'wellies', 'for', 'Rucksack', '5 l'),
  );
  const q = fc.array(word, { maxLength: 30 }).map((words) => words.join(' ').slice(0, 200));
  // Most of them are allowed, so that what Elasticsearch has to read is the text.
  const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
  const text = fc.string({ maxLength: 20, unit: 'binary' });
  const params = fc.record({
    q,
    sort: fc.constantFrom('relevance', 'price_asc', 'name', 'newest'),
    filters: fc.dictionary(fc.constantFrom('brand', 'size', 'purchasable', 'colour'), fc.array(text, { maxLength: 3 })),
    unknown: rarely(fc.dictionary(fc.constantFrom('__proto__', 'secret', 'price'), fc.array(text, { maxLength: 2 }))),
    ranges: rarely(
      fc.dictionary(fc.constantFrom('price'), fc.record({ from: fc.double(), to: fc.double() }, { requiredKeys: [] })),
    ),
    cursor: rarely(fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'))),
    limit: fc.integer({ min: 1, max: 101 }),
  });
  const toParams = ({
    unknown,
    ranges,
    cursor,
    filters,
    ...rest
  }: typeof params extends fc.Arbitrary<infer T> ? T : never): SearchParams => ({
    ...rest,
    filters: { ...filters, ...unknown },
    ...(ranges === undefined ? {} : { ranges }),
    ...(cursor === undefined ? {} : { cursor }),
  });

  /** Either an answer or the refusal of the request; never a refusal of Elasticsearch, which would mean that its words got through. */
  const harmless = async (ask: () => Promise<unknown>): Promise<void> => {
    await ask().catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'SEARCH_REQUEST_INVALID' });
    });
  };

  it('is answered or refused by us, and never upsets Elasticsearch', async () => {
    await fc.assert(
      fc.asyncProperty(params, async (made) => {
        const asked = toParams(made);
        await harmless(() => world.search.search(asked));
        await harmless(() => german.search.search({ q: asked.q ?? '' }));
        await harmless(() => world.search.suggest(asked.q ?? '', 5));
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it('stays within the bound on clauses when every word has many meanings', async () => {
    const words = ['bike', 'trainers', 'wellies', 'duvet', 'tire', 'tube', 'hose', 'knife', 'lamp', 'pants'];
    await expect(world.search.search({ q: words.join(' ') })).resolves.toMatchObject({ ignoredWords: [] });
    await expect(world.search.search({ q: `${words.join(' ')} more words` })).resolves.toMatchObject({
      ignoredWords: ['more', 'words'],
    });
    const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft 1234567890'.repeat(
      2,
    );
    await expect(german.search.search({ q: long.slice(0, 200) })).resolves.toBeDefined();
  });
});
