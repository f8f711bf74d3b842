import { describe, expect, it } from 'vitest';
import { parseSearch } from '#consumers/catalog/searchAnswer.ts';
import { decodeCursor, encodeCursor } from '#consumers/catalog/searchCursor.ts';
import { buildSearch, checkSearch, MARK_END, MARK_START } from '#consumers/catalog/searchRequest.ts';
import type { SearchParams } from '#consumers/catalog/searchTypes.ts';
import { buildSuggest, parseSuggestions } from '#consumers/catalog/suggest.ts';
import { product } from '#test/support/consumers/shopTables.ts';

interface Request {
  readonly post_filter?: { readonly bool: { readonly filter: unknown[] } };
  readonly aggs: Record<string, { readonly filter: { readonly bool: { readonly filter: unknown[] } } }>;
}

const request = (params: SearchParams): unknown => buildSearch(product, checkSearch(product, params), null);
const cursor = (params: SearchParams, values: readonly never[]): string =>
  encodeCursor(checkSearch(product, params).print, { values, relaxation: null });

describe('buildSearch', () => {
  it('counts every facet under the filters of the others only', () => {
    const built = request({ filters: { category: ['Chairs', 'Tables'], group: ['Indoors'] } }) as Request;
    const category = { terms: { category: ['Chairs', 'Tables'] } };
    const group = { terms: { group: ['Indoors'] } };
    expect(built.post_filter!.bool.filter).toEqual([category, group]);
    expect(built.aggs['category']!.filter.bool.filter).toEqual([group]);
    expect(built.aggs['group']!.filter.bool.filter).toEqual([category]);
    expect(built.aggs['price']!.filter.bool.filter).toEqual([category, group]);
  });

  it('turns named ranges and free ranges into half-open ones', () => {
    const { post_filter } = request({
      filters: { priceBand: ['cheap'] },
      ranges: { price: { from: 100, to: 200 } },
    }) as Request;
    expect(JSON.stringify(post_filter)).toContain('{"range":{"priceMinor":{"lt":1000}}}');
    expect(JSON.stringify(post_filter)).toContain('{"range":{"priceMinor":{"gte":100,"lt":200}}}');
  });

  it.each([
    ['an unknown facet', { filters: { 'category.keyword': ['x'] } }, /there is no facet/],
    ['a name from the prototype', { filters: { constructor: ['x'] } }, /there is no facet/],
    ['an unknown range', { filters: { priceBand: ['free'] } }, /has no range/],
    ['an unknown sort', { sort: '_score' }, /sort is _score/],
    ['a bound that is no number', { ranges: { price: { from: Number.NaN } } }, /no number/],
    ['too long a query', { q: 'x'.repeat(201) }, /201 characters/],
    ['too many values', { filters: { category: Array.from({ length: 101 }, String) } }, /101 values/],
    ['too large a page', { limit: 101 }, /limit is 101/],
    ['a cursor of another sort', { sort: 'name', cursor: cursor({}, [1, 'a'] as never) }, /cursor/],
    ['a cursor of other words', { q: 'chair', cursor: cursor({ q: 'table' }, [1, 'a'] as never) }, /cursor/],
    ['a cursor with an object in it', { cursor: cursor({}, [{}, 'a'] as never) }, /cursor/],
    ['a cursor with text for a number', { cursor: cursor({}, ['1', 'a'] as never) }, /cursor/],
    ['too long a value', { filters: { category: ['x'.repeat(201)] } }, /200 characters/],
    ['a bound beyond 64 bits', { ranges: { price: { from: 1e30 } } }, /no number/],
  ])('refuses %s', (_, params, message) => {
    expect(() => request(params)).toThrow(message);
  });

  it('never lets a query name a field', () => {
    const built = JSON.stringify(request({ q: 'secret:* OR _exists_:deleted' }));
    expect(built).not.toContain('query_string');
    expect(built).not.toContain('"_exists_"');
  });
});

describe('parseSearch', () => {
  const hit = (name: string, sort: (string | number)[] = [1, 'x']) => ({
    _id: 'P1',
    _source: { sku: 'P1', name, deleted: false, sluice: { version: 1 } },
    sort,
    highlight: { name: [`${MARK_START}<b>${MARK_END} & co`] },
  });

  it('gives the user’s document, escapes highlights and keeps a chosen value that nothing has', () => {
    const checked = checkSearch(product, { limit: 1, filters: { category: ['Gone'] } });
    const result = parseSearch(product, checked, null, {
      hits: { total: { value: 5 }, hits: [hit('<b> & co')] },
      aggregations: {
        category: { count: { buckets: [{ key: 'Chairs', doc_count: 5 }] } },
        price: { count: { count: 0, min: null, max: null } },
      },
    });
    expect(result.items).toEqual([
      {
        id: 'P1',
        cursor: result.nextCursor,
        document: { sku: 'P1', name: '<b> & co' },
        highlight: { name: '<mark>&lt;b&gt;</mark> &amp; co' },
      },
    ]);
    expect(result.facets['category']).toEqual([
      { value: 'Chairs', count: 5, selected: false },
      { value: 'Gone', count: 0, selected: true },
    ]);
    expect(result.bounds['price']).toBeNull();
    expect(decodeCursor(result.nextCursor!, checked.print, ['number', 'text'])).toEqual({
      values: [1, 'x'],
      relaxation: null,
    });
  });

  it('ends the pages with the first that is not full', () => {
    const answer = { hits: { total: { value: 1 }, hits: [hit('a')] } };
    expect(parseSearch(product, checkSearch(product, { limit: 2 }), null, answer).nextCursor).toBeNull();
  });

  it('shows in suggestions only what the definition lets them show', () => {
    const { products, completions } = parseSuggestions(product, 'red ch', 5, false, { hits: { hits: [hit('Chair')] } });
    expect(products).toEqual([{ id: 'P1', text: 'Chair', fields: { sku: 'P1', category: null } }]);
    expect(completions).toEqual(['red chair']);
  });
});

describe('buildSuggest', () => {
  it('wants every word and bounds what is asked', () => {
    const built = JSON.stringify(buildSuggest(product, 'red  cha', 5, false));
    expect(built).toContain('"query":"red"');
    expect(built).toContain('"query":"cha"');
    expect(built).toContain('"terminate_after"');
    expect(() => buildSuggest(product, 'x', 51, false)).toThrow(/limit/);
  });
});
