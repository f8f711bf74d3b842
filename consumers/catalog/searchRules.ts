import type { SearchLanguage } from '#infra/runtime/config/catalog.ts';
import { germanNormal } from '#infra/runtime/config/germanWords.ts';
import { fold, hasDigit, type QueryWord, wordKey } from './searchWords.ts';

/** What else a run of words can mean: synonyms, units of measure, compounds. Pure. */

/** Longest run of words a rule may name. */
export const MAX_RUN = 4;
const MAX_MEANINGS = 12;

export interface Rules {
  /** Other texts for these neighbouring words, at most 12. */
  synonyms(words: readonly QueryWord[]): readonly string[];
  /** The parts of a compound, or null when it is none that the word list explains. */
  parts(word: QueryWord): readonly string[] | null;
}

const NO_RULES: SearchLanguage = { synonyms: [], compounds: [] };
const compiled = new WeakMap<SearchLanguage, Rules>();

/** Made once per definition. */
export function rulesOf(language: SearchLanguage = NO_RULES): Rules {
  const known = compiled.get(language);
  if (known !== undefined) return known;
  const meanings = compileSynonyms(language.synonyms);
  const compounds = new Set(language.compounds.map((word) => germanNormal(word.toLowerCase())));
  const rules: Rules = {
    synonyms: (words) => meanings.get(words.map((word) => word.key).join(' ')) ?? [],
    parts: (word) => (compounds.size === 0 ? null : split(germanNormal(word.text), compounds)),
  };
  compiled.set(language, rules);
  return rules;
}

function compileSynonyms(rules: readonly string[]): Map<string, string[]> {
  const meanings = new Map<string, string[]>();
  const add = (from: string, to: string): void => {
    const key = keyOf(from);
    if (key === '' || key === keyOf(to)) return;
    const known = meanings.get(key) ?? [];
    if (!known.includes(to) && known.length < MAX_MEANINGS) meanings.set(key, [...known, to]);
  };
  for (const rule of rules) {
    const [left = [], right] = rule.split('=>').map(terms);
    for (const from of left) for (const to of right ?? left) add(from, to);
  }
  return meanings;
}

const terms = (side: string): string[] =>
  side
    .split(',')
    .map((term) => term.trim().toLowerCase().replace(/\s+/gu, ' '))
    .filter((term) => term !== '');

const keyOf = (term: string): string =>
  term
    .split(/[\s-]+/u)
    .map(wordKey)
    .join(' ');

const MIN_PART = 3;
const LINKS = ['', 's', 'n', 'en', 'es', 'er', 'e'] as const;
/** Endings a whole compound may have besides its last part's own. */
const ENDINGS = ['', 'e', 'n', 'en', 's', 'er', 'es'] as const;

/** The fewest parts of the list that make up the word, letters that link them left out. */
function split(word: string, parts: ReadonlySet<string>): readonly string[] | null {
  if (word.length < MIN_PART * 2 || hasDigit(word)) return null;
  for (const ending of ENDINGS) {
    if (!word.endsWith(ending)) continue;
    const found = splitWhole(ending === '' ? word : word.slice(0, -ending.length), parts);
    if (found !== null && found.length > 1) return found;
  }
  return headAndRest(word, parts);
}

const MIN_REST = 4;

/** A compound with a beginning that is not in the list (Terrakotta-topf): the longest known end, and what is before it. */
function headAndRest(word: string, parts: ReadonlySet<string>): readonly string[] | null {
  for (let at = MIN_REST; at <= word.length - MIN_REST; at++)
    if (parts.has(word.slice(at))) return [word.slice(0, at), word.slice(at)];
  return null;
}

/** best[i]: the fewest parts that end at i. */
function splitWhole(word: string, parts: ReadonlySet<string>): readonly string[] | null {
  const best: (readonly string[] | null)[] = [[], ...Array.from({ length: word.length }, () => null)];
  for (let end = MIN_PART; end <= word.length; end++) {
    for (let start = 0; start <= end - MIN_PART; start++) {
      const before = best[start];
      if (before === null || before === undefined) continue;
      const part = partOf(word.slice(start, end), end === word.length, parts);
      if (part === null) continue;
      const known = best[end] ?? null;
      if (known === null || known.length > before.length + 1) best[end] = [...before, part];
    }
  }
  return best[word.length] ?? null;
}

function partOf(text: string, last: boolean, parts: ReadonlySet<string>): string | null {
  for (const link of last ? [''] : LINKS) {
    if (!text.endsWith(link)) continue;
    const part = link === '' ? text : text.slice(0, -link.length);
    if (part.length >= MIN_PART && parts.has(part)) return part;
  }
  return null;
}

/** Spellings of the same unit; the first words are what shoppers type most. */
const UNITS: readonly (readonly string[])[] = [
  ['mm', 'millimetre', 'millimetres', 'millimeter', 'millimeters'],
  ['cm', 'centimetre', 'centimetres', 'centimeter', 'centimeters', 'zentimeter'],
  ['m', 'metre', 'metres', 'meter', 'meters', 'mtr'],
  ['ml', 'millilitre', 'millilitres', 'milliliter', 'milliliters'],
  ['l', 'litre', 'litres', 'liter', 'liters', 'ltr'],
  ['g', 'gram', 'grams', 'gramm', 'gr'],
  ['kg', 'kilogram', 'kilograms', 'kilogramm', 'kilo', 'kilos'],
  ['oz', 'ounce', 'ounces', 'unze', 'unzen'],
  ['in', 'inch', 'inches', 'zoll'],
  ['ft', 'foot', 'feet'],
  ['w', 'watt', 'watts'],
  ['v', 'volt', 'volts'],
  ['pack', 'pk', 'pieces', 'stück', 'stuck', 'stk', 'teilig'],
];
const UNIT_OF = new Map(UNITS.flatMap((names) => names.map((name) => [fold(name), names] as const)));

/** `44 cm`, `44cm` → every way to write it; none when it is no measure. */
export function measure(text: string): readonly string[] {
  const match = /^(\p{N}+(?:[.,]\p{N}+)?)\s*(\p{L}+)$/u.exec(text);
  const unit = match === null ? undefined : UNIT_OF.get(fold(match[2]!));
  if (match === null || unit === undefined) return [];
  const number = match[1]!.replace(',', '.');
  const numbers = number.includes('.') ? [number, number.replace('.', ',')] : [number];
  return numbers.flatMap((n) => unit.flatMap((name) => [`${n}${name}`, `${n} ${name}`])).slice(0, 2 * MAX_MEANINGS);
}
