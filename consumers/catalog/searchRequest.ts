import type { DocumentDefinition, SearchDefinition, SortField } from '#infra/runtime/config/catalog.ts';
import { type Cursor, decodeCursor, requestPrint, type SortKind } from './searchCursor.ts';
import { facetAggregations, facetFilters } from './searchFacets.ts';
import { mappingAt, searchedFields } from './searchFields.ts';
import { type Meaning, type Plan, planQuery } from './searchPlan.ts';
import { boosted, planQueryOf, type Query } from './searchQuery.ts';
import { checkedText, invalid, searchOf } from './searchRefusal.ts';
import { type Relaxation, relaxedPlan } from './searchRelax.ts';
import { rulesOf } from './searchRules.ts';
import type { SearchParams } from './searchTypes.ts';

/** Turns what the storefront asks into an Elasticsearch request. Pure. Only fields of the definition are ever named. */

const DEFAULT_LIMIT = 24;
const MAX_LIMIT = 100;
/** After this, Elasticsearch answers with what it has. */
const TIMEOUT = '2s';
/** Characters of a field that are looked through for marks. */
const MARKED_CHARS = 100_000;
const MARKED_PHRASES = 12;

/** The order is made total by the id, so that a cursor never skips or repeats. */
const TIE_BREAKER: SortField = { field: 'sluice.id', order: 'asc' };

/** A request that has been checked against the definition. */
export interface CheckedSearch {
  readonly params: SearchParams;
  readonly plan: Plan;
  readonly limit: number;
  readonly sort: readonly Query[];
  /** What its cursors carry, see {@link requestPrint}. */
  readonly print: string;
  readonly cursor: Cursor | null;
}

/** @throws SEARCH_REQUEST_INVALID for something that is not on the definition's lists or too large */
export function checkSearch(definition: DocumentDefinition, params: SearchParams): CheckedSearch {
  const search = searchOf(definition);
  const limit = params.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw invalid(`limit is ${limit}, 1 to ${MAX_LIMIT} is allowed.`);
  const plan = planQuery(checkedText(params.q ?? ''), rulesOf(search.language));
  const name = params.sort ?? 'relevance';
  const fields = sortFields(search, name);
  const kinds: SortKind[] = fields.map(({ field }) => (field === '_score' ? 'number' : kindOf(definition, field)));
  const print = requestPrint([plan.whole, params.filters ?? {}, params.ranges ?? {}, name]);
  return {
    params,
    plan,
    limit,
    sort: fields.map(({ field, order }) => ({ [field]: field === '_score' ? { order } : { order, missing: '_last' } })),
    print,
    cursor: params.cursor === undefined ? null : decodeCursor(params.cursor, print, kinds),
  };
}

export function buildSearch(
  definition: DocumentDefinition,
  checked: CheckedSearch,
  relaxation: Relaxation | null,
): Query {
  const search = searchOf(definition);
  const { params, cursor } = checked;
  const filters = facetFilters(definition, params);
  const { plan, demand } =
    relaxation === null ? { plan: checked.plan, demand: {} } : relaxedPlan(definition, checked.plan, relaxation);
  return {
    size: checked.limit,
    timeout: TIMEOUT,
    track_total_hits: true,
    query: visible(boosted(planQueryOf(definition, plan, demand), search.boosts)),
    // Facet filters stand behind the counting, so that each facet can be counted without its own.
    ...(filters.size > 0 ? { post_filter: { bool: { filter: [...filters.values()] } } } : {}),
    sort: checked.sort,
    ...(cursor === null ? {} : { search_after: cursor.values }),
    aggs: facetAggregations(search, params, filters),
    ...(plan.slots.length > 0 ? { highlight: highlight(definition, plan) } : {}),
  };
}

/** Scores by `query`, hides what is deleted. */
export const visible = (query: Query): Query => ({
  bool: { must: [query], filter: [{ term: { deleted: false } }] },
});

function sortFields(search: SearchDefinition, name: string): readonly SortField[] {
  if (name === 'relevance') return [{ field: '_score', order: 'desc' }, TIE_BREAKER];
  const fields = Object.hasOwn(search.sorts ?? {}, name) ? search.sorts?.[name] : undefined;
  if (fields === undefined)
    throw invalid(`sort is ${name.slice(0, 40)}; there are relevance, ${Object.keys(search.sorts ?? {}).join(', ')}.`);
  return [...fields, TIE_BREAKER];
}

function kindOf(definition: DocumentDefinition, field: string): SortKind {
  if (field === TIE_BREAKER.field) return 'text';
  return ['keyword', 'text', 'ip', 'version'].includes(String(mappingAt(definition, field)?.['type']))
    ? 'text'
    : 'number';
}

/** Marks matches with characters that cannot be in the text; they become tags after escaping. */
export const MARK_START = '\u0001';
export const MARK_END = '\u0002';

/** Marks are found by a query of their own: the plan's texts alone. With the whole query it takes ten times as long. */
function highlight(definition: DocumentDefinition, plan: Plan): Query {
  const texts = [...new Set(plan.slots.flatMap((slot) => slot.meanings.flatMap(markedTexts)))];
  const [phrases, words] = [texts.filter((text) => text.includes(' ')), texts.filter((text) => !text.includes(' '))];
  const fields = searchedFields(definition).flatMap(({ languages }) => languages);
  const query = (field: string): Query => ({
    bool: {
      should: [
        { match: { [field]: words.join(' ') } },
        ...phrases.slice(0, MARKED_PHRASES).map((text) => ({ match_phrase: { [field]: text } })),
      ],
    },
  });
  return {
    pre_tags: [MARK_START],
    post_tags: [MARK_END],
    number_of_fragments: 0,
    max_analyzed_offset: MARKED_CHARS,
    fields: Object.fromEntries(fields.map((field) => [field, { highlight_query: query(field) }])),
  };
}

function markedTexts(meaning: Meaning): readonly string[] {
  if (meaning.kind === 'parts') return meaning.words;
  return meaning.kind === 'words' ? [meaning.text] : [];
}
