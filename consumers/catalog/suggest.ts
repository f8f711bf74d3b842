import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { PREFIX_CHARS } from '#infra/runtime/config/searchAnalysis.ts';
import { type Hit, valueAt } from './searchAnswer.ts';
import { mappingAt } from './searchFields.ts';
import { boosted, type Query } from './searchQuery.ts';
import { checkedText, invalid, searchOf } from './searchRefusal.ts';
import { visible } from './searchRequest.ts';
import { rulesOf } from './searchRules.ts';
import type { SuggestedValue, Suggestions } from './searchTypes.ts';
import { bareCode, fold, hasDigit, type QueryWord, readQuery } from './searchWords.ts';

/** What is offered while a shopper types. Pure. One request; a second one only when nothing begins like that. */

const MAX_LIMIT = 50;
/** Documents whose words the completions are taken from. */
const LOOKED_AT = 40;
const MAX_COMPLETIONS = 5;
const MAX_VALUES = 4;
/** Documents of a shard after which Elasticsearch stops counting: the first letter of a word matches half a catalogue. */
const ENOUGH = 20_000;
const TIMEOUT = '200ms';
const SAME_BEGINNING = 2;

/** `slips`: words much like the typed ones will do. @throws SEARCH_REQUEST_INVALID */
export function buildSuggest(definition: DocumentDefinition, q: string, limit: number, slips: boolean): Query {
  const search = searchOf(definition);
  const { suggest } = search;
  if (suggest === undefined) throw invalid(`document type ${definition.type} declares no suggestions.`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw invalid(`limit is ${limit}, 1 to ${MAX_LIMIT} is allowed.`);
  const { words } = readQuery(checkedText(q));
  const groups = (suggest.groups ?? []).map((name) => [name, search.facets![name]!.field] as const);
  return {
    size: Math.max(limit, LOOKED_AT),
    timeout: TIMEOUT,
    terminate_after: ENOUGH,
    track_total_hits: false,
    _source: [suggest.field.split('.')[0], ...(suggest.show ?? []), ...groups.map(([, field]) => field.split('.')[0])],
    query: visible(boosted(typed(definition, suggest.field, q, words, slips), search.boosts)),
    sort: [{ _score: 'desc' }, { 'sluice.id': 'asc' }],
    aggs: Object.fromEntries(groups.map(([name, field]) => [name, { terms: { field, size: MAX_VALUES } }])),
  };
}

function typed(
  definition: DocumentDefinition,
  field: string,
  q: string,
  words: readonly QueryWord[],
  slips: boolean,
): Query {
  const search = searchOf(definition);
  const rules = rulesOf(search.language);
  const every = words.map((word) => {
    const others = slips ? [] : rules.synonyms([word]).map((text) => begins(definition, field, text, false));
    return { dis_max: { queries: [begins(definition, field, word.text, slips), ...others] } };
  });
  const order = `${field.split('.')[0]}.order`;
  const start = fold(words.map((word) => word.text).join(' '));
  const atStart =
    mappingAt(definition, order) === undefined || start === ''
      ? []
      : [constant({ prefix: { [order]: start } }, SAME_BEGINNING)];
  const bare = bareCode(q).slice(0, 40);
  const codes =
    bare.length >= 3 && hasDigit(bare)
      ? (search.codes ?? []).map((code) => constant({ prefix: { [code]: bare } }, SAME_BEGINNING * 2))
      : [];
  const all: Query = words.length === 0 ? { match_none: {} } : { bool: { must: every, should: atStart } };
  return { bool: { should: [all, ...codes], minimum_should_match: 1 } };
}

const constant = (filter: Query, boost: number): Query => ({ constant_score: { filter, boost } });

/** Fields of `searchAnalysis()` hold the beginnings of their words; others are asked for words that begin so. */
function begins(definition: DocumentDefinition, field: string, text: string, slips: boolean): Query {
  const slip = slips && !hasDigit(text) ? { fuzziness: 'AUTO:3,6', prefix_length: 1, max_expansions: 20 } : {};
  const holdsBeginnings = mappingAt(definition, field)?.['analyzer'] === 'sluice_prefix';
  const query = { query: text.slice(0, PREFIX_CHARS), operator: 'and', ...slip };
  return constant(holdsBeginnings ? { match: { [field]: query } } : { match_bool_prefix: { [field]: query } }, 1);
}

export interface SuggestAnswer {
  readonly hits: { readonly hits: readonly Hit[] };
  readonly aggregations?: Readonly<
    Record<
      string,
      {
        readonly buckets: readonly {
          readonly key: string | number;
          readonly key_as_string?: string;
          readonly doc_count: number;
        }[];
      }
    >
  >;
}

export function parseSuggestions(
  definition: DocumentDefinition,
  q: string,
  limit: number,
  slips: boolean,
  answer: SuggestAnswer,
): Suggestions {
  const { field, show = [] } = searchOf(definition).suggest!;
  const { words } = readQuery(q);
  const { hits } = answer.hits;
  const texts = hits.map(({ _source }) => String(valueAt(_source, field) ?? ''));
  return {
    products: hits.slice(0, limit).map(({ _id, _source }, at) => ({
      id: _id,
      text: texts[at]!,
      fields: Object.fromEntries(show.map((name) => [name, valueAt(_source, name) ?? null])),
    })),
    completions: slips ? [] : completions(words, texts),
    values: Object.entries(answer.aggregations ?? {}).flatMap(([facet, { buckets }]) => values(facet, buckets, words)),
    corrected: slips && hits.length > 0,
  };
}

/** The typed words with the last one completed from the found texts, the commonest completion first. */
function completions(words: readonly QueryWord[], texts: readonly string[]): string[] {
  const last = words.at(-1);
  if (last === undefined || hasDigit(last.text)) return [];
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(readQuery(text).words.map((found) => found.text)))
      if (fold(word).startsWith(last.folded) && fold(word) !== last.folded)
        counts.set(word, (counts.get(word) ?? 0) + 1);
  const before = words.slice(0, -1).map((word) => word.text);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MAX_COMPLETIONS)
    .map(([word]) => [...before, word].join(' '));
}

type Bucket = { readonly key: string | number; readonly key_as_string?: string; readonly doc_count: number };

/** Values that have the typed words in them come first. */
function values(facet: string, buckets: readonly Bucket[], words: readonly QueryWord[]): SuggestedValue[] {
  const named = (value: string): number =>
    Number(
      words.some((word) =>
        fold(value)
          .split(/[^\p{L}\p{N}]+/u)
          .some((part) => part.startsWith(word.folded)),
      ),
    );
  return buckets
    .map(({ key, key_as_string, doc_count }) => ({ facet, value: key_as_string ?? String(key), count: doc_count }))
    .sort((a, b) => named(b.value) - named(a.value) || b.count - a.count);
}
