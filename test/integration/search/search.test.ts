import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createCatalogSearch } from '#consumers/catalog/search.ts';
import type { CatalogSearch, SearchParams } from '#consumers/catalog/searchTypes.ts';
import { createRandom } from '#infra/demo/random.ts';
import { GERMAN_PRODUCTS, type GermanProduct, germanProduct } from '#test/support/search/germanShop.ts';
import { SearchWorld } from '#test/support/search/searchWorld.ts';

/** The search over a small catalogue on a real Elasticsearch: paging, counting, relaxing, suggesting. */

let world: SearchWorld<object>;
const ids = async (params: SearchParams): Promise<string[]> =>
  (await world.search.search(params)).items.map(({ id }) => id);

beforeAll(async () => {
  world = await new SearchWorld(inject('stack').elasticsearch!.url, germanProduct).fill(GERMAN_PRODUCTS);
});
afterAll(async () => {
  await world.close();
});

/** Every page of a search; `between` runs before each further page. */
async function pages(
  params: SearchParams,
  between: (page: number) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 50; page++) {
    const found = await world.search.search({ ...params, facets: [], ...(cursor === null ? {} : { cursor }) });
    seen.push(...found.items.map(({ id }) => id));
    cursor = found.nextCursor;
    if (cursor === null) return seen;
    await between(page);
  }
  throw new Error('the pages do not end');
}

describe('paging', () => {
  it.each([
    ['relevance without words', {}],
    ['relevance', { q: 'Edelstahl' }],
    ['relevance of a relaxed query', { q: 'Fahrrad Sattel Messer Kanne' }],
    ['a number', { sort: 'price_asc' }],
    ['a name', { sort: 'name' }],
  ])('gives every document once by %s', async (_, params) => {
    const { total } = await world.search.search(params);
    const seen = await pages({ ...params, limit: 7 });
    expect(total).toBeGreaterThan(4);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(total);
    expect(seen).toEqual(await pages({ ...params, limit: 100 }));
  });

  it('neither skips nor repeats an unchanged document while others come, change and go', async () => {
    const random = createRandom(7);
    const before = new Set(await pages({ q: 'Fahrrad', limit: 100 }));
    const changed = new Set<string>();
    const seen = await pages({ q: 'Fahrrad', limit: 2 }, async (page) => {
      if (page >= 3) return;
      const added: [string, object][] = Array.from({ length: 20 }, (_, i) => [
        `NEW-${page}-${i}`,
        { ...GERMAN_PRODUCTS.get('FR-100-26')!, sku: `NEW-${page}-${i}`, popularity: random.int(0, 50) },
      ]);
      const gone = random.pick([...before].filter((id) => !changed.has(id)));
      changed.add(gone);
      await world.put(new Map<string, object | null>([...added, [gone, null]]));
    });
    const unchanged = [...before].filter((id) => !changed.has(id));
    expect(seen.filter((id) => unchanged.includes(id)).toSorted()).toEqual(unchanged.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    const added = (await pages({ limit: 100 })).filter((id) => id.startsWith('NEW-'));
    await world.put(new Map<string, object | null>([...added.map((id) => [id, null] as const), ...GERMAN_PRODUCTS]));
  });

  it('goes on where it was when the index is swapped for another one under a cursor', async () => {
    const whole = await pages({ q: 'Edelstahl', limit: 100 });
    await world.createIndex(2);
    // Written the other way round and with forty documents more, so that nothing of the old index's numbers fits.
    const more = [...GERMAN_PRODUCTS]
      .toReversed()
      .concat(
        Array.from({ length: 40 }, (_, i): [string, GermanProduct] => [
          `OTHER-${i}`,
          { ...GERMAN_PRODUCTS.get('SC-500')!, sku: `OTHER-${i}` },
        ]),
      );
    await world.put(new Map(more), world.index(2));
    const swapped = await pages({ q: 'Edelstahl', limit: 3 }, (page) =>
      page === 0 ? world.swap(1, 2) : Promise.resolve(),
    );
    await world.swap(2, 1);
    expect(swapped).toEqual(whole);
  });

  it('refuses a cursor of another search and one that was tampered with', async () => {
    const { nextCursor } = await world.search.search({ q: 'Edelstahl', limit: 2 });
    const forged = Buffer.from(JSON.stringify([2, 'x', null, 1, 'a'])).toString('base64url');
    for (const cursor of [nextCursor!, forged, 'AAAA', `${nextCursor}x`])
      await expect(world.search.search({ q: 'Holz', cursor })).rejects.toMatchObject({
        code: 'SEARCH_REQUEST_INVALID',
      });
  });

  it('pages past documents that lack the value they are sorted by', async () => {
    const { sku, name } = GERMAN_PRODUCTS.get('SC-500')!;
    const bare = Array.from({ length: 5 }, (_, i) => [`BARE-${i}`, { sku: `${sku}-${i}`, name }] as const);
    await world.put(new Map(bare));
    const seen = await pages({ sort: 'price_asc', limit: 3 });
    await world.put(new Map(bare.map(([id]) => [id, null])));
    expect(seen.slice(-5).toSorted()).toEqual(bare.map(([id]) => id));
    expect(new Set(seen).size).toBe(GERMAN_PRODUCTS.size + 5);
  });
});

describe('relaxing', () => {
  it('says what it put right, and offers it as a question', async () => {
    const found = await world.search.search({ q: 'Brattpfanne Edelsthal' });
    expect(found.relaxed).toEqual({ step: 'spelling', optionalWords: [] });
    expect(found.didYouMean).toMatch(/pfanne edelstahl/u);
    expect(found.items[0]!.id).toBe('KU-900-24');
  });

  it('demands fewer words when no document has all, and says which were left out', async () => {
    const found = await world.search.search({ q: 'Schlafsack xyzzyqwv' });
    expect(found.relaxed).toEqual({ step: 'fewerWords', optionalWords: ['xyzzyqwv'] });
    expect(found.items[0]!.id).toBe('CA-981');
  });

  it('offers what is popular when nothing matches at all', async () => {
    const found = await world.search.search({ q: 'xyzzyqwv qqqwwweee' });
    expect(found).toMatchObject({ total: 0, items: [], relaxed: { step: 'nothing' } });
    expect(found.instead[0]!.id).toBe('FR-100-26');
  });

  it('does not relax words because a filter leaves nothing', async () => {
    const found = await world.search.search({ q: 'Schlafsack', filters: { category: ['Messer'] } });
    expect(found).toMatchObject({ total: 0, relaxed: null, instead: [] });
    expect(found.matched).toBeGreaterThan(0);
    expect(found.facets['category']!.map(({ value }) => value)).toContain('Camping');
  });

  it('never guesses at codes and numbers', async () => {
    expect((await world.search.search({ q: 'KU-900-25' })).didYouMean).toBeNull();
  });
});

describe('synonyms', () => {
  const withSynonyms = (synonyms: readonly string[]): CatalogSearch<object> => {
    const { search } = germanProduct;
    const language = { ...search!.language!, synonyms };
    return createCatalogSearch<object>(
      { ...germanProduct, search: { ...search!, language } },
      { url: inject('stack').elasticsearch!.url, indexPrefix: world.indexPrefix },
    );
  };

  it('act on the query, so that new ones need no new index', async () => {
    expect(await ids({ q: 'Hochrad' })).not.toContain('FR-104-28');
    const search = withSynonyms(['hochrad => rennrad']);
    expect((await search.search({ q: 'Hochräder' })).items[0]!.id).toBe('FR-104-28');
    await search.close();
  });

  it('work from left to right only, or both ways, as the rule says', async () => {
    const search = withSynonyms(['ruhebett => zelt', 'zelt kuppel, gewölbezelt']);
    const first = async (q: string): Promise<string | undefined> => (await search.search({ q })).items[0]?.id;
    expect(await first('ruhebett')).toBe('CA-980');
    expect(await first('gewölbezelt')).toBe('CA-980');
    expect((await search.search({ q: 'zelt' })).relaxed).toBeNull();
    await search.close();
  });
});

describe('highlights', () => {
  it('mark what matched in escaped text', async () => {
    const name = '<b>Zeltlampe & "Haken"</b>';
    await world.put(new Map([['XSS-1', { ...GERMAN_PRODUCTS.get('CA-980')!, sku: 'XSS-1', name }]]));
    const { items } = await world.search.search({ q: 'XSS-1 Haken' });
    await world.put(new Map([['XSS-1', null]]));
    expect(items[0]!.highlight['name']).toBe('&lt;b&gt;Zeltlampe &amp; &quot;<mark>Haken</mark>&quot;&lt;/b&gt;');
  });
});

describe('suggestions', () => {
  it('complete words, name products and categories, and forgive slips', async () => {
    const typed = await world.search.suggest('bratp');
    expect(typed.products.map(({ id }) => id).toSorted()).toEqual(['KU-900-24', 'KU-901-28']);
    expect(typed.completions).toEqual(['bratpfanne']);
    expect(typed.values).toEqual([{ facet: 'category', value: 'Pfannen', count: 2 }]);
    const slipped = await world.search.suggest('bartpf');
    expect(slipped.corrected).toBe(true);
    expect(slipped.products.map(({ id }) => id)).toContain('KU-900-24');
    expect((await world.search.suggest('ku9002')).products[0]!.id).toBe('KU-900-24');
  });
});
