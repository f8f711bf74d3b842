import { MAX_RUN, measure, type Rules } from './searchRules.ts';
import { bareCode, hasDigit, type QueryText, type QueryWord, readQuery } from './searchWords.ts';

/** What the words of a query may mean, word by word. Pure; knows no Elasticsearch. */

/**
 * One reading of a word, or of a run of words around it. `words`: this text, as a phrase when it has several words; `label`: a value that
 * is this text as a whole; `code`: a product code; `parts`: all of these words; `begins`: a word that begins so; `near`: one much like it.
 */
export type Meaning =
  | { readonly kind: 'words' | 'begins' | 'near'; readonly text: string; readonly factor: number }
  | { readonly kind: 'label' | 'code'; readonly text: string }
  | { readonly kind: 'parts'; readonly words: readonly string[]; readonly factor: number };

/** A word of the query with every reading of it; the best one counts. */
export interface Slot {
  readonly text: string;
  /** False for words that say nothing alone: they help but are not demanded. */
  readonly required: boolean;
  /** Says what the thing is for: the first to be given up. */
  readonly purpose: boolean;
  /** The plain reading first. */
  readonly meanings: readonly Meaning[];
}

export interface Plan {
  readonly slots: readonly Slot[];
  /** All words in their order. */
  readonly phrase: string;
  /** The query as it stands, and its letters and digits alone. */
  readonly whole: string;
  readonly bare: string;
  readonly ignored: readonly string[];
}

/** Weight of a reading that is not the plain one. */
const OTHER = 0.9;
const PARTS = 0.8;
/** A number found without its unit. */
const BARE_NUMBER = 0.5;
const MAX_MEASURES = 8;

export function planQuery(q: string, rules: Rules): Plan {
  const text: QueryText = readQuery(q);
  const taken = new Set<number>();
  const slots: Slot[] = [];
  for (const at of text.words.keys()) {
    if (taken.has(at)) continue;
    const measured = measureAt(text.words, at);
    if (measured !== null && measured.length === 2) taken.add(at + 1);
    slots.push(measured === null ? slotAt(text.words, at, rules) : measureSlot(measured));
  }
  return {
    slots,
    phrase: text.words.map((word) => word.text).join(' '),
    whole: q.trim(),
    bare: bareCode(q),
    ignored: text.ignored,
  };
}

/** The one or two words that are a measure here. */
function measureAt(words: readonly QueryWord[], at: number): readonly string[] | null {
  const [word, next] = [words[at]!.text, words[at + 1]?.text];
  if (measure(word).length > 0) return [word];
  return next !== undefined && /^\p{N}/u.test(word) && measure(`${word} ${next}`).length > 0 ? [word, next] : null;
}

function measureSlot(words: readonly string[]): Slot {
  const text = words.join(' ');
  const number = /^[\p{N}.,]+/u.exec(text)![0];
  const spellings = [...new Set([words.join(''), text, ...measure(text)])].slice(0, MAX_MEASURES);
  const meanings: Meaning[] = spellings.map((spelling) => ({ kind: 'words', text: spelling, factor: 1 }));
  meanings.push({ kind: 'words', text: number, factor: BARE_NUMBER }, { kind: 'code', text: bareCode(text) });
  return { text, required: true, purpose: false, meanings };
}

function slotAt(words: readonly QueryWord[], at: number, rules: Rules): Slot {
  const word = words[at]!;
  const meanings: Meaning[] = [{ kind: 'words', text: word.text, factor: 1 }];
  for (const run of runsAround(words, at)) meanings.push(...meaningsOfRun(run, rules));
  const cut = word.text.replace(/(\p{L})(?=\p{N})|(\p{N})(?=\p{L})/gu, '$1$2 ');
  if (cut !== word.text && word.text.length <= 20) meanings.push({ kind: 'words', text: cut, factor: OTHER });
  const parts = rules.parts(word);
  if (parts !== null) meanings.push({ kind: 'parts', words: parts, factor: PARTS });
  return { text: word.text, required: !word.stop, purpose: word.purpose, meanings: distinct(meanings) };
}

/** Runs of up to four neighbours that hold the word, the shortest first. */
function* runsAround(words: readonly QueryWord[], at: number): Generator<readonly QueryWord[]> {
  for (let length = 1; length <= MAX_RUN; length++)
    for (let start = Math.max(0, at - length + 1); start <= at && start + length <= words.length; start++)
      yield words.slice(start, start + length);
}

function* meaningsOfRun(run: readonly QueryWord[], rules: Rules): Generator<Meaning> {
  const [text, joined] = [run.map((word) => word.text).join(' '), run.map((word) => word.folded).join('')];
  if (run.length > 1) yield { kind: 'label', text };
  if (hasDigit(joined) && joined.length >= 3) yield { kind: 'code', text: bareCode(joined) };
  for (const other of rules.synonyms(run)) yield { kind: 'words', text: other, factor: OTHER };
  if (run.length === 2 && !run.some((word) => word.stop)) {
    yield { kind: 'words', text: run.map((word) => word.text).join(''), factor: OTHER };
  }
}

function distinct(meanings: readonly Meaning[]): Meaning[] {
  const seen = new Set<string>();
  return meanings.filter((meaning) => {
    const key = JSON.stringify(meaning);
    return seen.has(key) ? false : seen.add(key);
  });
}
