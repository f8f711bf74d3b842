/** What a user states about the search of a document type. Types only. */

/** A bucket of a range facet: half-open, `from` inclusive and `to` exclusive; at least one bound. */
export interface FacetRange {
  readonly key: string;
  readonly from?: number;
  readonly to?: number;
}

/**
 * A facet counts the values of one keyword, boolean or number field. With `ranges` it counts those buckets instead; with `bounds` it
 * gives the lowest and highest value of a number field (a price slider) and counts nothing.
 */
export interface FacetDefinition {
  readonly field: string;
  /** How many values are counted. Default 20, most 200. */
  readonly size?: number;
  readonly ranges?: readonly FacetRange[];
  readonly bounds?: boolean;
}

export interface SortField {
  readonly field: string;
  readonly order: 'asc' | 'desc';
}

/**
 * Lifts documents by what they hold, whatever was asked: with `equals` those that have the value get `weight`; without, a number field adds
 * `weight * log10(1 + value)` (values below 0 must not occur; a missing one counts as 0). Weights are on the scale of `text`.
 */
export interface SearchBoost {
  readonly field: string;
  readonly weight: number;
  readonly equals?: string | number | boolean;
}

/** How shoppers' words are read. Made by `searchAnalysis()`; it acts on queries alone, so that a change needs no rebuild. */
export interface SearchLanguage {
  /** Synonym rules: `a, b c, d` each stands for the others; `a, b => c` only the left for the right. */
  readonly synonyms: readonly string[];
  /** Words that longer ones are made of. */
  readonly compounds: readonly string[];
}

/** What suggestions are made of. */
export interface SuggestDefinition {
  /** Text field whose words' beginnings are matched. */
  readonly field: string;
  /** Document fields each suggested product shows. */
  readonly show?: readonly string[];
  /** Facets whose values are suggested too (categories, brands). */
  readonly groups?: readonly string[];
}

/** What the storefront may ask of this document type. Nothing outside these lists reaches Elasticsearch. */
export interface SearchDefinition {
  /** Text fields searched by the words of the shopper → weight. */
  readonly text: Readonly<Record<string, number>>;
  /** Keyword fields where the whole query is tried as it stands (codes, bar codes); such a hit comes first. */
  readonly exact?: readonly string[];
  /** Fields of `searchAnalysis().code()`: compared without punctuation and case, whole or by their beginning; such a hit comes first. */
  readonly codes?: readonly string[];
  /** `searchAnalysis().search.language`. */
  readonly language?: SearchLanguage;
  /** Text field that misspelt words are looked up in (`searchAnalysis().search.spelling`). */
  readonly spelling?: string;
  readonly boosts?: readonly SearchBoost[];
  /** Name of the facet in answers and filters → what it counts. Every facet is also a filter. */
  readonly facets?: Readonly<Record<string, FacetDefinition>>;
  /** Name of the order → its fields. `relevance` always exists. */
  readonly sorts?: Readonly<Record<string, readonly SortField[]>>;
  /** The sort of what is offered when nothing matches. Default: relevance without words, which is by `boosts`. */
  readonly popular?: string;
  readonly suggest?: SuggestDefinition;
  /** Document field that holds the SKU whose stock decides what is in stock, and the locations that count (all when left out). */
  readonly stock?: { readonly field: string; readonly locations?: readonly string[] };
}
