import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Meaning, Plan, Slot } from './searchPlan.ts';
import { type Demand, type Query, slotQueries } from './searchQuery.ts';
import { hasDigit } from './searchWords.ts';

/** What is done when nothing has all the words: look up misspelt ones, then ask for fewer. Pure. */

export interface Relaxation {
  /** Slot → words of the catalogue much like it, best first. Shorter than the slots when the rest has none. */
  readonly fixes: readonly (readonly string[])[];
  /** Slots that may be the beginning of a word, or much like one. */
  readonly begins: readonly number[];
  /** Slots that are not demanded any more. */
  readonly dropped: readonly number[];
  /** How many of the remaining words must be there; null for all. */
  readonly least: number | null;
  /** Weight of each slot, so that rare words decide; empty for equal ones. */
  readonly weights: readonly number[];
}

const FIXED = 0.9;
const BEGUN = 0.5;
const HEAD = 0.4;
const MIN_BEGINNING = 3;
/** From how many letters one and two slips are put right. */
const ONE_SLIP = 3;
const TWO_SLIPS = 6;
const MAX_FIXES = 3;
/** Share of the words asked for before any one of them is enough. */
const MOST = 0.6;

/** The plan with what the relaxation allows. Slots stay in their places. */
export function relaxedPlan(
  definition: DocumentDefinition,
  plan: Plan,
  relaxation: Relaxation,
): { plan: Plan; demand: Demand } {
  const { fixes, begins, dropped, least, weights } = relaxation;
  const slots = plan.slots.map((slot, at): Slot => {
    const more: Meaning[] = (fixes[at] ?? []).map((text) => ({ kind: 'words', text, factor: FIXED }));
    if (begins.includes(at)) more.push(...likely(definition, slot));
    return { ...slot, required: slot.required && !dropped.includes(at), meanings: [...more, ...slot.meanings] };
  });
  return { plan: { ...plan, slots }, demand: { ...(least === null ? {} : { least }), weights } };
}

function likely(definition: DocumentDefinition, { text, meanings }: Slot): Meaning[] {
  // What a compound is, stands at its end.
  const heads = meanings.flatMap((meaning): Meaning[] =>
    meaning.kind === 'parts' ? [{ kind: 'words', text: meaning.words.at(-1)!, factor: HEAD }] : [],
  );
  const begins: Meaning = { kind: 'begins', text, factor: BEGUN };
  const near: Meaning = { kind: 'near', text, factor: BEGUN };
  return [
    ...heads,
    ...(text.length >= MIN_BEGINNING ? [begins] : []),
    ...(isSpeltByEar(definition, text) ? [near] : []),
  ];
}

/** Without a field of all spellings, words much like it are searched for. */
const isSpeltByEar = ({ search }: DocumentDefinition, text: string): boolean =>
  search?.spelling === undefined && text.length >= ONE_SLIP && !hasDigit(text);

const slotName = (at: number): string => `s${at}`;

/** Asks how many documents each required word has, and what it may have been meant to be. */
export function buildDiagnosis(definition: DocumentDefinition, plan: Plan): Query {
  const spelling = definition.search?.spelling;
  const filters: Record<string, Query> = {};
  const suggest: Record<string, Query> = {};
  const plain = slotQueries(definition, plan.slots);
  for (const [at, slot] of plan.slots.entries()) {
    if (!slot.required) continue;
    filters[slotName(at)] = plain[at]!;
    const meanings = likely(definition, slot);
    if (meanings.length > 0) filters[`${slotName(at)}-like`] = slotQueries(definition, [{ ...slot, meanings }])[0]!;
    if (spelling !== undefined && slot.text.length >= ONE_SLIP && !hasDigit(slot.text))
      suggest[slotName(at)] = { text: slot.text, term: termSuggester(spelling, slot.text) };
  }
  return {
    size: 0,
    track_total_hits: true,
    timeout: '1s',
    aggs: { words: { filters: { filters } } },
    ...(Object.keys(suggest).length > 0 ? { suggest } : {}),
  };
}

function termSuggester(field: string, text: string): Query {
  return {
    field,
    size: MAX_FIXES,
    suggest_mode: 'missing',
    max_edits: text.length >= TWO_SLIPS ? 2 : 1,
    prefix_length: 1,
    min_word_length: ONE_SLIP,
    sort: 'score',
  };
}

export interface DiagnosisAnswer {
  readonly hits: { readonly total: { readonly value: number } };
  readonly aggregations: {
    readonly words: { readonly buckets: Readonly<Record<string, { readonly doc_count: number }>> };
  };
  readonly suggest?: Readonly<
    Record<string, readonly { readonly options: readonly { readonly text: string; readonly score: number }[] }[]>
  >;
}

/** What to try, one after the other, until something is found. */
export function relaxations(plan: Plan, answer: DiagnosisAnswer): Relaxation[] {
  const count = (name: string): number => answer.aggregations.words.buckets[name]?.doc_count ?? 0;
  const required = plan.slots.flatMap((slot, at) => (slot.required ? [at] : []));
  const unknown = required.filter((at) => count(slotName(at)) === 0);
  const fixes = plan.slots.map((_, at) => (unknown.includes(at) ? fixesOf(answer, at) : []));
  const begins = unknown.filter((at) => fixes[at]!.length === 0 && count(`${slotName(at)}-like`) > 0);
  const dropped = unknown.filter((at) => fixes[at]!.length === 0 && !begins.includes(at));
  const known: Relaxation = { fixes, begins, dropped, least: null, weights: [] };
  const left = required.filter((at) => !dropped.includes(at));
  const purposes = left.filter((at) => plan.slots[at]!.purpose);
  // The thing itself must not be given up with what it is for.
  const things = purposes.length < left.length ? left.length - purposes.length : left.length;
  const thing = things < left.length ? { ...known, dropped: [...dropped, ...purposes] } : known;
  const weights = plan.slots.map((_, at) => weightOf(answer.hits.total.value, count(slotName(at))));
  const fewer = [...new Set([Math.ceil(things * MOST), 1])].filter((least) => least < things);
  return [
    ...(unknown.length > 0 && left.length > 0 ? [known] : []),
    ...(thing === known ? [] : [thing]),
    ...fewer.map((least): Relaxation => ({ ...thing, least, weights })),
  ];
}

/** Options that are as like as the best one. */
function fixesOf(answer: DiagnosisAnswer, at: number): string[] {
  const options = (answer.suggest?.[slotName(at)] ?? []).flatMap((entry) => entry.options);
  const best = Math.max(0, ...options.map((option) => option.score));
  return options.filter((option) => option.score >= best - 0.001).map((option) => option.text);
}

/** 1 for a word everything has, up to 2.5 for a rare one, in quarters. */
function weightOf(total: number, count: number): number {
  const rarity = count === 0 ? 1 : Math.log10(Math.max(1, total / count));
  return 1 + Math.round(Math.min(3, rarity) * 2) / 4;
}

/** The query with the words of the catalogue in place of those it does not know; null when none was replaced. */
export function correctedText(plan: Plan, { fixes }: Relaxation): string | null {
  if (fixes.every((words) => words.length === 0)) return null;
  return plan.slots.map((slot, at) => fixes[at]?.[0] ?? slot.text).join(' ');
}
