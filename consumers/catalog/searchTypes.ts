/** The query side of the catalogue as the storefront sees it. No Elasticsearch term appears here; the storefront never sends one. */

/** Half-open: `from` inclusive, `to` exclusive; a bound left out is open. */
export interface ValueRange {
  readonly from?: number;
  readonly to?: number;
}

export interface SearchParams {
  /** The shopper's words; everything matches when empty or left out. At most 200 characters. */
  readonly q?: string;
  /** Facet name → accepted values: any of the values, all of the facets. */
  readonly filters?: Readonly<Record<string, readonly string[]>>;
  /** Facet name → accepted range of its (numeric) field. */
  readonly ranges?: Readonly<Record<string, ValueRange>>;
  /** Facets to count; all of the definition's when left out, none for []. */
  readonly facets?: readonly string[];
  /** `relevance` (default) or the name of one of the definition's sorts. */
  readonly sort?: string;
  /** Items on a page, 1–100. Default 24. */
  readonly limit?: number;
  /** `nextCursor` of the page before, asked with the same parameters. */
  readonly cursor?: string;
}

export interface SearchItem<Doc> {
  readonly id: string;
  /** The place after this item, as `nextCursor` is the place after the last one. */
  readonly cursor: string;
  readonly document: Doc;
  /** Field → its text, HTML-escaped, with the matching words in `<mark>`. */
  readonly highlight: Readonly<Record<string, string>>;
}

export interface FacetCount {
  /** As the filter takes it: keywords as they are, numbers and booleans as text, ranges by their key. */
  readonly value: string;
  /** Documents that would match if only this value were chosen in this facet (its own filter does not count, the others do). */
  readonly count: number;
  readonly selected: boolean;
}

/** What was done to find something. */
export interface SearchRelaxed {
  /** `spelling`: words were replaced by ones of the catalogue; `fewerWords`: not all words had to be there; `nothing`: nothing helped. */
  readonly step: 'spelling' | 'fewerWords' | 'nothing';
  /** Words that were not demanded: no product has them or one much like them, or they only say what the thing is for. */
  readonly optionalWords: readonly string[];
}

export interface SearchResult<Doc> {
  /** Documents that match words and filters. */
  readonly total: number;
  /** Documents that match the words, whatever the filters. */
  readonly matched: number;
  /** True when Elasticsearch ran out of time and gave what it had. */
  readonly partial: boolean;
  /** null: everything found has all the words. */
  readonly relaxed: SearchRelaxed | null;
  /** The query in words the catalogue knows, when some were put right. */
  readonly didYouMean: string | null;
  /** Words beyond the tenth, which were not looked at. */
  readonly ignoredWords: readonly string[];
  /** Popular documents, when nothing matches at all. */
  readonly instead: readonly SearchItem<Doc>[];
  readonly items: readonly SearchItem<Doc>[];
  readonly facets: Readonly<Record<string, readonly FacetCount[]>>;
  /** Lowest and highest value for facets with `bounds`, own filter not counted; null when nothing matches. */
  readonly bounds: Readonly<Record<string, { readonly min: number; readonly max: number } | null>>;
  readonly nextCursor: string | null;
}

export interface Suggestion {
  readonly id: string;
  readonly text: string;
  /** The fields the definition lets a suggestion show. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A value of a facet, offered while typing. */
export interface SuggestedValue {
  readonly facet: string;
  readonly value: string;
  /** Documents among the suggested ones that have it. */
  readonly count: number;
}

export interface Suggestions {
  readonly products: readonly Suggestion[];
  /** The text with its last word completed, likeliest first. */
  readonly completions: readonly string[];
  /** Values of the facets that the definition lets be suggested. */
  readonly values: readonly SuggestedValue[];
  /** True when only words much like the typed ones were found. */
  readonly corrected: boolean;
}

/** Typed search over one document type. Every method rejects with SEARCH_REQUEST_INVALID for something not on the definition's lists. */
export interface CatalogSearch<Doc extends object> {
  search(params: SearchParams): Promise<SearchResult<Doc>>;
  /** At most `limit` (default 8) documents in whose suggest field each of these words begins a word, and what goes with them. */
  suggest(q: string, limit?: number): Promise<Suggestions>;
  /** null when there is no such document or it is hidden. Reads what was written, searchable or not. */
  get(id: string): Promise<{ readonly id: string; readonly version: number; readonly document: Doc } | null>;
  close(): Promise<void>;
}

/** What {@link CatalogSearch} is made from. */
export interface CatalogSearchOptions {
  /** Address of Elasticsearch. */
  readonly url: string;
  readonly indexPrefix: string;
  /** Milliseconds one request may take. Default 5000. */
  readonly requestTimeoutMs?: number;
}
