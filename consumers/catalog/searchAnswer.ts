import type { DocumentDefinition, FacetDefinition } from '#infra/runtime/config/catalog.ts';
import { encodeCursor } from './searchCursor.ts';
import { COUNT, DEFAULT_LIMIT, MARK_END, MARK_START, searchOf } from './searchRequest.ts';
import type { FacetCount, SearchItem, SearchParams, SearchResult, Suggestion } from './searchTypes.ts';

/** Turns Elasticsearch's answers into ours. Pure. */

export interface Hit {
  readonly _id: string;
  readonly _source: Record<string, unknown>;
  readonly sort?: readonly unknown[];
  readonly highlight?: Readonly<Record<string, readonly string[]>>;
}

interface Bucket {
  readonly key: string | number;
  readonly key_as_string?: string;
  readonly doc_count: number;
}

export interface SearchAnswer {
  readonly hits: { readonly total?: { readonly value: number }; readonly hits: readonly Hit[] };
  readonly aggregations?: Readonly<
    Record<
      string,
      {
        readonly count: {
          readonly buckets?: readonly Bucket[];
          readonly count?: number;
          readonly min?: number | null;
          readonly max?: number | null;
        };
      }
    >
  >;
}

export function parseSearch<Doc extends object>(
  definition: DocumentDefinition,
  params: SearchParams,
  answer: SearchAnswer,
): SearchResult<Doc> {
  const { hits, total } = answer.hits;
  const last = hits.at(-1);
  const full = hits.length === (params.limit ?? DEFAULT_LIMIT);
  const facets: Record<string, FacetCount[]> = {};
  const bounds: Record<string, { min: number; max: number } | null> = {};
  for (const [name, aggregation] of Object.entries(answer.aggregations ?? {})) {
    const facet = searchOf(definition).facets![name]!;
    const { buckets = [], min, max } = aggregation[COUNT];
    if (facet.bounds === true) bounds[name] = typeof min === 'number' && typeof max === 'number' ? { min, max } : null;
    else facets[name] = counts(facet, buckets, params.filters?.[name] ?? []);
  }
  return {
    total: total?.value ?? 0,
    items: hits.map(toItem<Doc>),
    facets,
    bounds,
    nextCursor: full && last?.sort !== undefined ? encodeCursor(params.sort ?? 'relevance', last.sort) : null,
  };
}

/** A chosen value stays in the list even when nothing has it now, so that it can be taken back. */
function counts(facet: FacetDefinition, buckets: readonly Bucket[], chosen: readonly string[]): FacetCount[] {
  const found = buckets.map(({ key, key_as_string, doc_count }) => {
    const value = facet.ranges === undefined ? (key_as_string ?? String(key)) : String(key);
    return { value, count: doc_count, selected: chosen.includes(value) };
  });
  const missing = chosen.filter((value) => !found.some((count) => count.value === value));
  return [...found, ...missing.map((value) => ({ value, count: 0, selected: true }))];
}

/** The user's document without the fields the pipeline added. */
export function toDocument<Doc extends object>(source: Record<string, unknown>): Doc {
  const { deleted: _deleted, sluice: _sluice, ...document } = source;
  return document as Doc;
}

function toItem<Doc extends object>({ _id, _source, highlight }: Hit): SearchItem<Doc> {
  const marked: Record<string, string> = {};
  for (const [field, [text]] of Object.entries(highlight ?? {}))
    if (text !== undefined) marked[field] = markedHtml(text);
  return { id: _id, document: toDocument<Doc>(_source), highlight: marked };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function markedHtml(text: string): string {
  return text
    .replace(/[&<>"']/gu, (character) => ESCAPES[character]!)
    .replaceAll(MARK_START, '<mark>')
    .replaceAll(MARK_END, '</mark>');
}

export function parseSuggestions(definition: DocumentDefinition, answer: SearchAnswer): Suggestion[] {
  const { field, show = [] } = searchOf(definition).suggest!;
  return answer.hits.hits.map(({ _id, _source }) => ({
    id: _id,
    text: String(valueAt(_source, field) ?? ''),
    fields: Object.fromEntries(show.map((name) => [name, valueAt(_source, name) ?? null])),
  }));
}

/** The source holds objects; a sub-field (`name.prefix`) has its parent's value. */
function valueAt(source: Record<string, unknown>, path: string): unknown {
  let value: unknown = source;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return value;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
