import type { DocumentDefinition, FacetDefinition } from '#infra/runtime/config/catalog.ts';
import { encodeCursor, type SortValue } from './searchCursor.ts';
import { COUNT, MATCHED } from './searchFacets.ts';
import { searchOf } from './searchRefusal.ts';
import type { Relaxation } from './searchRelax.ts';
import { type CheckedSearch, MARK_END, MARK_START } from './searchRequest.ts';
import type { FacetCount, SearchItem, SearchResult } from './searchTypes.ts';

/** What one answer of Elasticsearch says; the rest of {@link SearchResult} is about how it came about. */
export type SearchPage<Doc> = Pick<
  SearchResult<Doc>,
  'total' | 'matched' | 'partial' | 'items' | 'facets' | 'bounds' | 'nextCursor'
>;

/** Turns Elasticsearch's answers into ours. Pure. */

export interface Hit {
  readonly _id: string;
  readonly _source: Record<string, unknown>;
  readonly sort?: readonly SortValue[];
  readonly highlight?: Readonly<Record<string, readonly string[]>>;
}

interface Bucket {
  readonly key: string | number;
  readonly key_as_string?: string;
  readonly doc_count: number;
}

export interface SearchAnswer {
  readonly timed_out?: boolean;
  readonly _shards?: { readonly failed: number };
  readonly hits: { readonly total?: { readonly value: number }; readonly hits: readonly Hit[] };
  readonly aggregations?: Readonly<
    Record<
      string,
      {
        readonly doc_count?: number;
        readonly count?: {
          readonly buckets?: readonly Bucket[];
          readonly count?: number;
          readonly min?: number | null;
          readonly max?: number | null;
        };
      }
    >
  >;
}

/** Items, counts and cursors of one answer. */
export function parseSearch<Doc extends object>(
  definition: DocumentDefinition,
  checked: CheckedSearch,
  relaxation: Relaxation | null,
  answer: SearchAnswer,
): SearchPage<Doc> {
  const { hits, total } = answer.hits;
  const facets: Record<string, FacetCount[]> = {};
  const bounds: Record<string, { min: number; max: number } | null> = {};
  for (const [name, aggregation] of Object.entries(answer.aggregations ?? {})) {
    if (name === MATCHED) continue;
    const facet = searchOf(definition).facets![name]!;
    const { buckets = [], min, max } = aggregation[COUNT]!;
    if (facet.bounds === true) bounds[name] = typeof min === 'number' && typeof max === 'number' ? { min, max } : null;
    else facets[name] = counts(facet, buckets, checked.params.filters?.[name] ?? []);
  }
  const items = hits.map((hit) =>
    toItem<Doc>(hit, encodeCursor(checked.print, { values: hit.sort ?? [], relaxation })),
  );
  return {
    total: total?.value ?? 0,
    matched: answer.aggregations?.[MATCHED]?.doc_count ?? 0,
    partial: answer.timed_out === true || (answer._shards?.failed ?? 0) > 0,
    items,
    facets,
    bounds,
    nextCursor: hits.length === checked.limit ? items.at(-1)!.cursor : null,
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

function toItem<Doc extends object>({ _id, _source, highlight }: Hit, cursor: string): SearchItem<Doc> {
  const marked: Record<string, string> = {};
  for (const [field, [text]] of Object.entries(highlight ?? {})) {
    const own = withoutLanguage(field, highlight ?? {});
    if (text !== undefined && (own === field || marked[own] === undefined)) marked[own] = markedHtml(text);
  }
  return { id: _id, cursor, document: toDocument<Doc>(_source), highlight: marked };
}

/** `name.de` and `brand.words_de` hold the text of `name` and `brand.words`. */
function withoutLanguage(field: string, marked: object): string {
  const own = field.replace(/[._](?:de|en)$/u, '');
  return own !== field && own in marked ? own : field.replace(/\.(?:de|en)$/u, '').replace(/_(?:de|en)$/u, '');
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

/** The source holds objects; a sub-field (`name.prefix`) has its parent's value. */
export function valueAt(source: Record<string, unknown>, path: string): unknown {
  let value: unknown = source;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return value;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
