import type { DocumentDefinition, FacetDefinition, SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { mappingAt } from './searchFields.ts';
import type { Query } from './searchQuery.ts';
import { invalid, searchOf } from './searchRefusal.ts';
import type { SearchParams, ValueRange } from './searchTypes.ts';

/** Facets of a request: their filters and their counts. Pure. */

const MAX_FILTER_VALUES = 100;
const MAX_VALUE_CHARS = 200;
const DEFAULT_FACET_SIZE = 20;
/** Numbers beyond these are refused by fields of 64-bit integers. */
const MAX_BOUND = 2 ** 53;

/** Name of the aggregation inside each facet's filter. */
export const COUNT = 'count';
/** Documents the words matched, whatever the facets' filters say. No facet can have this name. */
export const MATCHED = '~matched';

/** Facet name → the filter it stands for in this request. @throws SEARCH_REQUEST_INVALID */
export function facetFilters(definition: DocumentDefinition, params: SearchParams): Map<string, Query> {
  const search = searchOf(definition);
  const filters = new Map<string, Query>();
  for (const [name, values] of Object.entries(params.filters ?? {})) {
    const facet = facetOf(search, name);
    if (values.length === 0) continue;
    if (values.length > MAX_FILTER_VALUES)
      throw invalid(`filter ${name} has ${values.length} values, ${MAX_FILTER_VALUES} are allowed.`);
    if (values.some((value) => value.length > MAX_VALUE_CHARS))
      throw invalid(`filter ${name} has a value of more than ${MAX_VALUE_CHARS} characters.`);
    if (facet.ranges === undefined) checkValues(definition, name, facet.field, values);
    filters.set(
      name,
      facet.ranges === undefined ? { terms: { [facet.field]: values } } : namedRanges(name, facet, values),
    );
  }
  for (const [name, range] of Object.entries(params.ranges ?? {})) {
    const facet = facetOf(search, name);
    if (!NUMBERS.has(typeOf(definition, facet.field))) throw invalid(`facet ${name} has no numbers to range over.`);
    const filter = { range: { [facet.field]: rangeBounds(name, range) } };
    const other = filters.get(name);
    filters.set(name, other === undefined ? filter : { bool: { filter: [other, filter] } });
  }
  return filters;
}

const WHOLE_NUMBERS = new Set(['long', 'integer', 'short', 'byte']);
const NUMBERS = new Set([...WHOLE_NUMBERS, 'double', 'float', 'half_float', 'date']);
/** Of Elasticsearch's field types: largest value of the narrow ones. */
const LARGEST: Readonly<Record<string, number>> = {
  integer: 2 ** 31 - 1,
  short: 32_767,
  byte: 127,
  half_float: 65_504,
};

const typeOf = (definition: DocumentDefinition, field: string): string =>
  String(mappingAt(definition, field)?.['type']);

/** Elasticsearch refuses a whole search for one value that its field cannot have. */
function checkValues(definition: DocumentDefinition, name: string, field: string, values: readonly string[]): void {
  const type = typeOf(definition, field);
  const fits = (value: string): boolean => {
    if (type === 'boolean') return value === 'true' || value === 'false';
    if (!NUMBERS.has(type)) return value.isWellFormed();
    if (!/^-?\d{1,15}(?:\.\d{1,6})?$/u.test(value)) return false;
    if ((WHOLE_NUMBERS.has(type) || type === 'date') && value.includes('.')) return false;
    return Math.abs(Number(value)) <= (LARGEST[type] ?? MAX_BOUND);
  };
  const odd = values.find((value) => !fits(value));
  if (odd !== undefined) throw invalid(`filter ${name} cannot be ${JSON.stringify(odd.slice(0, 40))}.`);
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
    if (bound !== undefined && !(Math.abs(bound) <= MAX_BOUND))
      throw invalid(`range ${name} has a bound that is no number between -2^53 and 2^53.`);
  return { ...(from === undefined ? {} : { gte: from }), ...(to === undefined ? {} : { lt: to }) };
}

/** Every facet is counted under the filters of the other facets. */
export function facetAggregations(
  search: SearchDefinition,
  params: SearchParams,
  filters: ReadonlyMap<string, Query>,
): Query {
  const names = params.facets ?? Object.keys(search.facets ?? {});
  return {
    [MATCHED]: { filter: { match_all: {} } },
    ...Object.fromEntries(
      names.map((name) => {
        const facet = facetOf(search, name);
        const others = [...filters].filter(([other]) => other !== name).map(([, filter]) => filter);
        return [name, { filter: { bool: { filter: others } }, aggs: { [COUNT]: countOf(facet) } }];
      }),
    ),
  };
}

function countOf({ field, size, ranges, bounds }: FacetDefinition): Query {
  if (bounds === true) return { stats: { field } };
  if (ranges !== undefined) return { range: { field, keyed: false, ranges } };
  return { terms: { field, size: size ?? DEFAULT_FACET_SIZE, order: [{ _count: 'desc' }, { _key: 'asc' }] } };
}
