import type { DocumentDefinition, SearchBoost } from '#infra/runtime/config/catalog.ts';
import { WHOLE_END, WHOLE_START } from '#infra/runtime/config/searchAnalysis.ts';
import { type SearchedField, searchedFields } from './searchFields.ts';
import type { Meaning, Plan, Slot } from './searchPlan.ts';
import { hasDigit } from './searchWords.ts';

/**
 * A plan as an Elasticsearch query. Every clause scores by its weight alone, never by how rare a word is: a document's score then depends on
 * the document and the query only, so that a page's cursor still fits when others have changed, and on another index of the same documents.
 */

export type Query = Record<string, unknown>;

/** Share of the other fields' scores that a match in several fields adds. */
const SEVERAL_FIELDS = 0.25;
/** A field that is the text as a whole, against one that only holds it. */
const WHOLE = 2;
/** All words in their order, and the field ending with them. */
const IN_ORDER = 1;
const AT_END = 0.5;
const CODE_WHOLE = 1000;
const CODE_BEGINNING = 500;
const CODE_IN_TEXT = 50;
/** Leaves of one query: well below Elasticsearch's least `indices.query.bool.max_clause_count`, 1024. */
const MAX_LEAVES = 700;
const MIN_CODE_PREFIX = 4;
const MAX_CODE_CHARS = 40;

export interface Demand {
  /** How many of the required words must be there; all when left out. */
  readonly least?: number;
  /** Weight of each slot; 1 when left out. */
  readonly weights?: readonly number[];
}

/** Matches what the plan asks for; everything when it has no words. */
export function planQueryOf(definition: DocumentDefinition, plan: Plan, demand: Demand = {}): Query {
  if (plan.slots.length === 0) {
    const code = codeQueries(definition, plan);
    return code.length > 0 && plan.whole !== ''
      ? { dis_max: { queries: code } }
      : plan.whole === ''
        ? { match_all: {} }
        : { match_none: {} };
  }
  const slots = slotQueries(definition, plan.slots);
  const weighted = slots.map((query, at) => {
    const weight = demand.weights?.[at] ?? 1;
    return weight === 1 ? query : { bool: { must: query, boost: weight } };
  });
  const required = weighted.filter((_, at) => plan.slots[at]!.required);
  const helpful = weighted.filter((_, at) => !plan.slots[at]!.required);
  const order = orderQueries(definition, plan);
  const words: Query =
    demand.least === undefined
      ? { bool: { must: required, should: [...helpful, ...order] } }
      : {
          bool: {
            must: { bool: { should: required, minimum_should_match: demand.least } },
            should: [...helpful, ...order],
          },
        };
  return { dis_max: { queries: [...codeQueries(definition, plan), words] } };
}

/** One query for each slot, all of them together within the bound on leaves. */
export function slotQueries(definition: DocumentDefinition, slots: readonly Slot[]): Query[] {
  let left = MAX_LEAVES;
  const made: Query[][] = slots.map(() => []);
  const longest = Math.max(0, ...slots.map((slot) => slot.meanings.length));
  // Every word's plain reading comes first, then everybody's second one.
  for (let turn = 0; turn < longest; turn++)
    for (const [at, slot] of slots.entries()) {
      const meaning = slot.meanings[turn];
      if (meaning === undefined) continue;
      const leaves = meaningLeaves(definition, meaning);
      if (leaves.count === 0 || (turn > 0 && leaves.count > left)) continue;
      left -= leaves.count;
      made[at]!.push(leaves.query);
    }
  return made.map((queries) =>
    queries.length === 0 ? { match_none: {} } : queries.length === 1 ? queries[0]! : { dis_max: { queries } },
  );
}

interface Leaves {
  readonly query: Query;
  readonly count: number;
}

const constant = (filter: Query, boost: number): Query => ({ constant_score: { filter, boost } });
const anyOf = (queries: readonly Query[]): Query =>
  queries.length === 1 ? queries[0]! : { bool: { should: queries } };

function meaningLeaves(definition: DocumentDefinition, meaning: Meaning): Leaves {
  const fields = searchedFields(definition);
  switch (meaning.kind) {
    case 'words':
      return bestField([
        ...wholes(fields, meaning.text, meaning.factor),
        ...holding(fields, meaning.text, meaning.factor),
      ]);
    case 'label':
      return bestField(wholes(fields, meaning.text, 1));
    case 'code':
      return bestField(
        (definition.search?.codes ?? []).map((field) => [
          constant({ term: { [field]: meaning.text.slice(0, MAX_CODE_CHARS) } }, CODE_IN_TEXT),
          1,
        ]),
      );
    case 'begins':
      return bestField(beginning(fields, meaning.text, meaning.factor));
    case 'near':
      return bestField(
        fields
          .slice(0, 5)
          .map(({ field, weight }) => [constant(near(field, meaning.text), weight * meaning.factor), 12]),
      );
    case 'parts': {
      const parts = meaning.words.map((word) =>
        bestField(holding(fields, word, meaning.factor / meaning.words.length)),
      );
      return {
        query: { bool: { must: parts.map((part) => part.query) } },
        count: parts.reduce((sum, part) => sum + part.count, 0),
      };
    }
  }
}

type Leaf = readonly [query: Query, count: number];

function bestField(leaves: readonly Leaf[]): Leaves {
  return {
    query: { dis_max: { tie_breaker: SEVERAL_FIELDS, queries: leaves.map(([query]) => query) } },
    count: leaves.reduce((sum, [, count]) => sum + count, 0),
  };
}

/** Fields that hold the text, in any of the languages. */
function holding(fields: readonly SearchedField[], text: string, factor: number): Leaf[] {
  const phrase = text.includes(' ');
  return fields.map(({ languages, joined, weight }) => {
    const queries = languages.map((field) => (phrase ? { match_phrase: { [field]: text } } : match(field, text)));
    if (joined !== null && !phrase) queries.push(match(joined, text));
    return [constant(anyOf(queries), weight * factor), queries.length];
  });
}

/** Fields with a word that begins so. Where the analysis keeps no beginnings, the words of the heaviest fields are gone through. */
function beginning(fields: readonly SearchedField[], text: string, factor: number): Leaf[] {
  const kept = fields.flatMap(({ prefix, weight }) =>
    prefix === null ? [] : [{ query: match(prefix, text), weight }],
  );
  const found =
    kept.length > 0
      ? kept
      : fields.slice(0, 3).map(({ field, weight }) => ({ query: { match_bool_prefix: { [field]: text } }, weight }));
  return found.map(({ query, weight }) => [constant(query, weight * factor), 1]);
}

/** Fields that are the text. */
function wholes(fields: readonly SearchedField[], text: string, factor: number): Leaf[] {
  return fields.flatMap(({ whole, weight }) =>
    whole === null
      ? []
      : [
          [
            constant({ match_phrase: { [whole]: `${WHOLE_START} ${text} ${WHOLE_END}` } }, weight * factor * WHOLE),
            1,
          ] as const,
        ],
  );
}

const match = (field: string, query: string): Query => ({ match: { [field]: { query, operator: 'and' } } });
const near = (field: string, query: string): Query => ({
  match: { [field]: { query, operator: 'and', fuzziness: 'AUTO:3,6', prefix_length: 1, max_expansions: 12 } },
});

/** Whole query as a code comes before everything else. */
function codeQueries({ search }: DocumentDefinition, { whole, bare }: Plan): Query[] {
  const exact = (search?.exact ?? []).map((field) => ({
    term: { [field]: { value: whole, case_insensitive: true, boost: CODE_WHOLE } },
  }));
  if (bare === '' || bare.length > MAX_CODE_CHARS) return exact;
  const codes = (search?.codes ?? []).flatMap((field) => [
    constant({ term: { [field]: bare } }, CODE_WHOLE),
    ...(bare.length >= MIN_CODE_PREFIX && hasDigit(bare)
      ? [constant({ prefix: { [field]: bare } }, CODE_BEGINNING)]
      : []),
  ]);
  return [...exact, ...codes];
}

/** What lifts documents that have the words in the query's order, or at the end of a name (where its noun is). */
function orderQueries(definition: DocumentDefinition, { phrase, slots }: Plan): Query[] {
  const named = searchedFields(definition).filter(({ whole }) => whole !== null);
  return named.flatMap(({ field, whole, weight }) => [
    ...(slots.length > 1
      ? [constant({ match_phrase: { [field]: { query: phrase, slop: 2 } } }, weight * IN_ORDER)]
      : []),
    constant({ match_phrase: { [whole!]: `${phrase} ${WHOLE_END}` } }, weight * AT_END),
  ]);
}

/** The query lifted by what the documents are, whatever was asked. */
export function boosted(query: Query, boosts: readonly SearchBoost[] = []): Query {
  if (boosts.length === 0) return query;
  return { bool: { must: [query], should: boosts.map(boostOf) } };
}

function boostOf({ field, weight, equals }: SearchBoost): Query {
  if (equals !== undefined) return constant({ term: { [field]: equals } }, weight);
  // The logarithm of a negative number would fail the whole search.
  const query = { range: { [field]: { gte: 0 } } };
  return {
    function_score: {
      query,
      functions: [{ field_value_factor: { field, modifier: 'log1p' }, weight }],
      boost_mode: 'replace',
    },
  };
}
