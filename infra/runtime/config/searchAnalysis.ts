import type { FieldMapping } from './catalog.ts';
import { GERMAN_PARTS, germanNormal } from './germanWords.ts';
import type { SearchLanguage } from './searchTypes.ts';

/**
 * Ready-made analysis for a catalogue: settings, field mappings and the query's part, from names that every Elasticsearch has. Index and
 * query share it by the names of sub-fields, so take all of it or none.
 */

export type Language = 'en' | 'de';

export interface SearchAnalysisOptions {
  /** Languages of the texts, the main one first. Each costs an analysis of every text. Default English. */
  readonly languages?: readonly Language[];
  /** Rules `a, b c` (each for the others) and `a => b` (only from left to right); any case, singular or plural, with or without accents. */
  readonly synonyms?: readonly string[];
  /** Words that compounds of this shop are made of, besides the common German ones. */
  readonly compounds?: readonly string[];
}

export interface SearchAnalysis {
  /** `settings` of the document type. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Fields of no document that the analysis fills; spread into `mapping`. */
  readonly fields: Readonly<Record<string, FieldMapping>>;
  /** Name of the product: text, plus its beginnings (`.prefix`), its order (`.order`), its whole and its pairs of words. */
  title(): FieldMapping;
  /** Running text; `spelling`: its words are ones that misspelt words are put right to (costs a second analysis). */
  text(options?: { readonly spelling?: boolean }): FieldMapping;
  /** A short value that is a facet too: keyword, with its words as `.words`. */
  label(): FieldMapping;
  /** A label that says what a thing is: a query that is this value as a whole means the things that have it. */
  category(): FieldMapping;
  /** A product code or bar code: keyword as it stands, and `.code` without punctuation and case. */
  code(): FieldMapping;
  /** Spread into `search`. */
  readonly search: { readonly language: SearchLanguage; readonly spelling: string };
}

/** Field that holds every word as it is spelt. */
const SPELLING = 'spelling';

/** Tokens that stand for the beginning and the end of a text in `.whole` fields; no shopper types them. */
export const WHOLE_START = 'zqb';
export const WHOLE_END = 'zqe';

/** Longest beginning of a word that is indexed. */
export const PREFIX_CHARS = 15;

export function searchAnalysis(options: SearchAnalysisOptions = {}): SearchAnalysis {
  const [main = 'en', ...others] = options.languages ?? ['en'];
  const compounds = [
    ...new Set([...(others.concat(main).includes('de') ? GERMAN_PARTS : []), ...(options.compounds ?? [])]),
  ];
  const words = (language: Language): FieldMapping => ({
    type: 'text',
    analyzer: `sluice_${language}`,
    search_analyzer: `sluice_${language}_query`,
    norms: false,
  });
  const whole: FieldMapping = {
    type: 'text',
    analyzer: `sluice_whole_${main}`,
    search_analyzer: `sluice_${main}_query`,
    norms: false,
  };
  const joined: FieldMapping = {
    type: 'text',
    analyzer: `sluice_joined_${main}`,
    search_analyzer: `sluice_${main}_query`,
    norms: false,
    index_options: 'docs',
  };
  const inOthers = (name: (language: Language) => string): Record<string, FieldMapping> =>
    Object.fromEntries(others.map((language) => [name(language), words(language)]));
  const labelWords = { words: words(main), ...inOthers((language) => `words_${language}`) };
  return {
    settings: { analysis: analysisOf([main, ...others], main, compounds) },
    fields: {
      [SPELLING]: {
        type: 'text',
        analyzer: 'sluice_spelling',
        search_analyzer: 'sluice_spelt',
        norms: false,
        index_options: 'docs',
      },
    },
    title: () => ({
      ...words(main),
      copy_to: SPELLING,
      fields: {
        ...inOthers((language) => language),
        whole,
        joined,
        order: { type: 'keyword', normalizer: 'sluice_folded', ignore_above: 256 },
        prefix: {
          type: 'text',
          analyzer: 'sluice_prefix',
          search_analyzer: 'sluice_typed',
          norms: false,
          index_options: 'docs',
        },
      },
    }),
    text: ({ spelling = false } = {}) => ({
      ...words(main),
      ...(spelling ? { copy_to: SPELLING } : {}),
      fields: inOthers((language) => language),
    }),
    label: () => ({ type: 'keyword', copy_to: SPELLING, fields: labelWords }),
    category: () => ({
      type: 'keyword',
      copy_to: SPELLING,
      fields: { ...labelWords, words_whole: whole, words_joined: joined },
    }),
    code: () => ({
      type: 'keyword',
      fields: { code: { type: 'keyword', normalizer: 'sluice_code', ignore_above: 256, doc_values: false } },
    }),
    search: { language: { synonyms: options.synonyms ?? [], compounds }, spelling: SPELLING },
  };
}

type Named = Record<string, Record<string, unknown>>;

function analysisOf(
  languages: readonly Language[],
  main: Language,
  compounds: readonly string[],
): Record<string, unknown> {
  const chains = Object.fromEntries(languages.map((language) => [language, CHAINS[language]])) as Record<
    Language,
    Chain
  >;
  const spelling = languages.includes('de') ? CHAINS.de.before : ['lowercase', 'asciifolding'];
  const analyzer: Named = {
    // Parts of compounds are words that can be misspelt too.
    sluice_spelling: custom([...spelling, ...languages.flatMap((language) => chains[language].split ?? [])]),
    sluice_spelt: custom(spelling),
    sluice_typed: custom(['lowercase', 'asciifolding', 'sluice_cut']),
    sluice_prefix: custom(['lowercase', 'asciifolding', 'sluice_beginnings']),
    [`sluice_whole_${main}`]: {
      ...custom([...chains[main].before, ...chains[main].stem]),
      char_filter: ['sluice_ends'],
    },
    [`sluice_joined_${main}`]: custom([...chains[main].before, 'sluice_pairs', ...chains[main].stem]),
  };
  for (const language of languages) {
    const { before, split = [], stem } = chains[language];
    analyzer[`sluice_${language}`] = custom([...before, ...split, ...stem]);
    analyzer[`sluice_${language}_query`] = custom([...before, ...stem]);
  }
  const filter: Named = {
    sluice_cut: { type: 'truncate', length: PREFIX_CHARS },
    sluice_beginnings: { type: 'edge_ngram', min_gram: 1, max_gram: PREFIX_CHARS },
    sluice_pairs: {
      type: 'shingle',
      min_shingle_size: 2,
      max_shingle_size: 2,
      output_unigrams: false,
      token_separator: '',
    },
  };
  for (const language of languages) Object.assign(filter, chains[language].filters(compounds));
  return {
    char_filter: {
      sluice_ends: { type: 'pattern_replace', pattern: '(?s)^(.+)$', replacement: `${WHOLE_START} $1 ${WHOLE_END}` },
      sluice_no_marks: { type: 'pattern_replace', pattern: '[^\\p{L}\\p{N}]+', replacement: '' },
    },
    filter,
    analyzer,
    normalizer: {
      sluice_folded: { type: 'custom', filter: ['lowercase', 'asciifolding'] },
      sluice_code: { type: 'custom', char_filter: ['sluice_no_marks'], filter: ['lowercase', 'asciifolding'] },
    },
  };
}

const custom = (filter: readonly string[]): Record<string, unknown> => ({
  type: 'custom',
  tokenizer: 'standard',
  filter,
});

interface Chain {
  /** Filters up to the words' one spelling. */
  readonly before: readonly string[];
  /** Takes compounds apart; only at indexing, since a query's compound means all of its parts at once. */
  readonly split?: readonly string[];
  readonly stem: readonly string[];
  filters(compounds: readonly string[]): Named;
}

const CHAINS: Readonly<Record<Language, Chain>> = {
  en: {
    before: ['sluice_possessive', 'lowercase', 'asciifolding'],
    stem: ['sluice_stem_en'],
    filters: () => ({
      sluice_possessive: { type: 'stemmer', language: 'possessive_english' },
      sluice_stem_en: { type: 'stemmer', language: 'porter2' },
    }),
  },
  de: {
    before: ['lowercase', 'german_normalization', 'asciifolding'],
    split: ['sluice_parts_de'],
    stem: ['sluice_stem_de', 'remove_duplicates'],
    filters: (compounds) => ({
      sluice_stem_de: { type: 'stemmer', language: 'light_german' },
      sluice_parts_de: {
        type: 'dictionary_decompounder',
        word_list: [...new Set(compounds.map(germanNormal))],
        min_word_size: 6,
        min_subword_size: 3,
        max_subword_size: 20,
        only_longest_match: true,
      },
    }),
  },
};
