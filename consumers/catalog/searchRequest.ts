import type { DocumentDefinition, FacetDefinition, SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { decodeCursor } from './searchCursor.ts';
import type { SearchParams, ValueRange } from './searchTypes.ts';

/** Turns what the storefront asks into an Elasticsearch request. Pure. Only fields of the definition are ever named. */

export const DEFAULT_LIMIT = 24;
const MAX_LIMIT = 100;
const MAX_QUERY_CHARS = 200;
const MAX_FILTER_VALUES = 100;
const DEFAULT_FACET_SIZE = 20;

/** Relevance, then the id, so that the order is total and a cursor never skips or repeats. */
const TIE_BREAKER = { 'sluice.id': 'asc' } as const;

type Query = Record<string, unknown>;

export function invalid(message: string): SluiceError {
  return new SluiceError('SEARCH_REQUEST_INVALID', message);
}

export function buildSearch(definition: DocumentDefinition, params: SearchParams): Record<string, unknown> {
  const search = searchOf(definition);
  const limit = params.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw invalid(`limit is ${limit}, 1 to ${MAX_LIMIT} is allowed.`);
  const filters = facetFilters(search, params);
  const sort = sortOf(search, params.sort);
  return {
    size: limit,
    track_total_hits: true,
    query: { bool: { must: [textQuery(search, params.q)], filter: [{ term: { deleted: false } }] } },
    // Facet filters stand behind the counting, so that each facet can be counted without its own.
    ...(filters.size > 0 ? { post_filter: { bool: { filter: [...filters.values()] } } } : {}),
    sort,
    ...(params.cursor === undefined
      ? {}
      : { search_after: decodeCursor(params.cursor, params.sort ?? 'relevance', sort.length) }),
    aggs: facetAggregations(search, params, filters),
    highlight: highlight(search),
  };
}

export function searchOf(definition: DocumentDefinition): SearchDefinition {
  if (definition.search !== undefined) return definition.search;
  throw invalid(`document type ${definition.type} declares no search.`);
}

export function checkedText(q: string): string {
  if (q.length > MAX_QUERY_CHARS)
    throw invalid(`the query has ${q.length} characters, ${MAX_QUERY_CHARS} are allowed.`);
  return q.trim();
}

/** Exact codes first, then all words, then most words with small typing mistakes, the last word also as a beginning. */
function textQuery(search: SearchDefinition, text: string | undefined): Query {
  const q = checkedText(text ?? '');
  if (q === '') return { match_all: {} };
  const fields = Object.entries(search.text).map(([field, weight]) => `${field}^${weight}`);
  const exact = (search.exact ?? []).map((field) => ({
    term: { [field]: { value: q, case_insensitive: true, boost: 1000 } },
  }));
  return {
    dis_max: {
      tie_breaker: 0.1,
      queries: [
        ...exact,
        { multi_match: { query: q, fields, type: 'cross_fields', operator: 'and', boost: 4 } },
        { multi_match: { query: q, fields, type: 'bool_prefix', operator: 'and', boost: 2 } },
        {
          multi_match: {
            query: q,
            fields,
            type: 'best_fields',
            fuzziness: 'AUTO:4,8',
            prefix_length: 1,
            minimum_should_match: '2<75%',
          },
        },
      ],
    },
  };
}

function sortOf(search: SearchDefinition, name = 'relevance'): Record<string, unknown>[] {
  if (name === 'relevance') return [{ _score: 'desc' }, TIE_BREAKER];
  const fields = search.sorts?.[name];
  if (fields === undefined)
    throw invalid(`sort is ${name}; there are relevance, ${Object.keys(search.sorts ?? {}).join(', ')}.`);
  return [...fields.map(({ field, order }) => ({ [field]: { order, missing: '_last' } })), TIE_BREAKER];
}

/** Facet name → the filter it stands for in this request. */
function facetFilters(search: SearchDefinition, params: SearchParams): Map<string, Query> {
  const filters = new Map<string, Query>();
  for (const [name, values] of Object.entries(params.filters ?? {})) {
    const facet = facetOf(search, name);
    if (values.length === 0) continue;
    if (values.length > MAX_FILTER_VALUES)
      throw invalid(`filter ${name} has ${values.length} values, ${MAX_FILTER_VALUES} are allowed.`);
    filters.set(
      name,
      facet.ranges === undefined ? { terms: { [facet.field]: values } } : namedRanges(name, facet, values),
    );
  }
  for (const [name, range] of Object.entries(params.ranges ?? {})) {
    const facet = facetOf(search, name);
    const filter = { range: { [facet.field]: rangeBounds(name, range) } };
    const other = filters.get(name);
    filters.set(name, other === undefined ? filter : { bool: { filter: [other, filter] } });
  }
  return filters;
}

function facetOf(search: SearchDefinition, name: string): FacetDefinition {
  const facet = Object.hasOwn(search.facets ?? {}, name) ? search.facets?.[name] : undefined;
  if (facet !== undefined) return facet;
  throw invalid(`there is no facet ${name.slice(0, 40)}; there are ${Object.keys(search.facets ?? {}).join(', ')}.`);
}

function namedRanges(name: string, facet: FacetDefinition, keys: readonly string[]): Query {
  const should = keys.map((key) => {
    const range = facet.ranges?.find((candidate) => candidate.key === key);
    if (range === undefined) throw invalid(`filter ${name} has no range ${key.slice(0, 40)}.`);
    return { range: { [facet.field]: rangeBounds(name, range) } };
  });
  return { bool: { should, minimum_should_match: 1 } };
}

function rangeBounds(name: string, { from, to }: ValueRange): Record<string, number> {
  for (const bound of [from, to])
    if (bound !== undefined && !Number.isFinite(bound)) throw invalid(`range ${name} has a bound that is no number.`);
  return { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lt: to }) };
}

/** Name of the aggregation inside each facet's filter. */
export const COUNT = 'count';

/** Every facet is counted under the filters of the other facets. */
function facetAggregations(search: SearchDefinition, params: SearchParams, filters: ReadonlyMap<string, Query>): Query {
  const names = params.facets ?? Object.keys(search.facets ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const facet = facetOf(search, name);
      const others = [...filters].filter(([other]) => other !== name).map(([, filter]) => filter);
      return [name, { filter: { bool: { filter: others } }, aggs: { [COUNT]: countOf(facet) } }];
    }),
  );
}

function countOf({ field, size, ranges, bounds }: FacetDefinition): Query {
  if (bounds === true) return { stats: { field } };
  if (ranges !== undefined) return { range: { field, keyed: false, ranges } };
  return { terms: { field, size: size ?? DEFAULT_FACET_SIZE, order: [{ _count: 'desc' }, { _key: 'asc' }] } };
}

/** Marks matches with characters that cannot be in the text; they become tags after escaping. */
export const MARK_START = '\u0001';
export const MARK_END = '\u0002';

function highlight(search: SearchDefinition): Query {
  return {
    pre_tags: [MARK_START],
    post_tags: [MARK_END],
    number_of_fragments: 0,
    fields: Object.fromEntries(Object.keys(search.text).map((field) => [field, {}])),
  };
}

/** Documents in which every word of `q` begins a word of the suggest field. */
export function buildSuggest(definition: DocumentDefinition, q: string, limit: number): Record<string, unknown> {
  const { suggest } = searchOf(definition);
  if (suggest === undefined) throw invalid(`document type ${definition.type} declares no suggestions.`);
  if (!Number.isInteger(limit) || limit < 1 || limit > 50) throw invalid(`limit is ${limit}, 1 to 50 is allowed.`);
  const words = checkedText(q).split(/\s+/u).filter(Boolean).slice(0, 8);
  return {
    size: limit,
    track_total_hits: false,
    query: {
      bool: {
        must: words.map((word) => ({ match_bool_prefix: { [suggest.field]: { query: word } } })),
        should: [{ match_phrase_prefix: { [suggest.field]: { query: words.join(' '), boost: 3 } } }],
        filter: [{ term: { deleted: false } }],
      },
    },
    sort: [{ _score: 'desc' }, TIE_BREAKER],
  };
}
