import { describe, expect, it } from 'vitest';
import { parseSearch, parseSuggestions } from '#consumers/catalog/searchAnswer.ts';
import { decodeCursor, encodeCursor } from '#consumers/catalog/searchCursor.ts';
import { buildSearch, buildSuggest, MARK_END, MARK_START } from '#consumers/catalog/searchRequest.ts';
import { product } from '#test/support/consumers/shopTables.ts';

interface Request {
  readonly post_filter?: { readonly bool: { readonly filter: unknown[] } };
  readonly aggs: Record<string, { readonly filter: { readonly bool: { readonly filter: unknown[] } } }>;
}

describe('buildSearch', () => {
  it('counts every facet under the filters of the others only', () => {
    const request = buildSearch(product, {
      filters: { category: ['Chairs', 'Tables'], group: ['Indoors'] },
    }) as unknown as Request;
    const category = { terms: { category: ['Chairs', 'Tables'] } };
    const group = { terms: { group: ['Indoors'] } };
    expect(request.post_filter!.bool.filter).toEqual([category, group]);
    expect(request.aggs['category']!.filter.bool.filter).toEqual([group]);
    expect(request.aggs['group']!.filter.bool.filter).toEqual([category]);
    expect(request.aggs['price']!.filter.bool.filter).toEqual([category, group]);
  });

  it('turns named ranges and free ranges into half-open ones', () => {
    const { post_filter } = buildSearch(product, {
      filters: { priceBand: ['cheap'] },
      ranges: { price: { from: 100, to: 200 } },
    }) as unknown as Request;
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
    ['a cursor of another sort', { sort: 'name', cursor: encodeCursor('relevance', [1, 'a']) }, /cursor/],
    ['a cursor with an object in it', { cursor: encodeCursor('relevance', [{}, 'a']) }, /cursor/],
  ])('refuses %s', (_, params, message) => {
    expect(() => buildSearch(product, params)).toThrow(message);
  });

  it('never lets a query name a field', () => {
    const request = JSON.stringify(buildSearch(product, { q: 'secret:* OR _exists_:deleted' }));
    expect(request).not.toContain('query_string');
  });
});

describe('parseSearch', () => {
  const hit = (name: string, sort: unknown[] = [1, 'x']) => ({
    _id: 'P1',
    _source: { sku: 'P1', name, deleted: false, sluice: { version: 1 } },
    sort,
    highlight: { name: [`${MARK_START}<b>${MARK_END} & co`] },
  });

  it('gives the user’s document, escapes highlights and keeps a chosen value that nothing has', () => {
    const result = parseSearch(
      product,
      { limit: 1, filters: { category: ['Gone'] } },
      {
        hits: { total: { value: 5 }, hits: [hit('<b> & co')] },
        aggregations: {
          category: { count: { buckets: [{ key: 'Chairs', doc_count: 5 }] } },
          price: { count: { count: 0, min: null, max: null } },
        },
      },
    );
    expect(result.items).toEqual([
      { id: 'P1', document: { sku: 'P1', name: '<b> & co' }, highlight: { name: '<mark>&lt;b&gt;</mark> &amp; co' } },
    ]);
    expect(result.facets['category']).toEqual([
      { value: 'Chairs', count: 5, selected: false },
      { value: 'Gone', count: 0, selected: true },
    ]);
    expect(result.bounds['price']).toBeNull();
    expect(decodeCursor(result.nextCursor!, 'relevance', 2)).toEqual([1, 'x']);
  });

  it('ends the pages with the first that is not full', () => {
    const answer = { hits: { total: { value: 1 }, hits: [hit('a')] } };
    expect(parseSearch(product, { limit: 2 }, answer).nextCursor).toBeNull();
  });

  it('shows in suggestions only what the definition lets them show', () => {
    expect(parseSuggestions(product, { hits: { hits: [hit('Chair')] } })).toEqual([
      { id: 'P1', text: 'Chair', fields: { sku: 'P1', category: null } },
    ]);
  });
});

describe('buildSuggest', () => {
  it('wants every word and bounds what is asked', () => {
    const { query } = buildSuggest(product, 'red  cha', 5) as { query: { bool: { must: unknown[] } } };
    expect(query.bool.must).toHaveLength(2);
    expect(() => buildSuggest(product, 'x', 51)).toThrow(/limit/);
  });
});
