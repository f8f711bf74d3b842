/** Cuts what a shopper typed into words. Pure; everything is bounded here, so that no query can be made expensive. */

/** Further words of a query are not looked at; the answer names them. */
const MAX_WORDS = 10;
const MAX_WORD_CHARS = 40;

export interface QueryWord {
  /** Lower case, NFKC, at most 40 characters. */
  readonly text: string;
  /** Without accents, `ß` as `ss`. */
  readonly folded: string;
  /** What a rule knows it by: singular and without the commonest endings. */
  readonly key: string;
  /** A word that says nothing alone (the, mit). */
  readonly stop: boolean;
  /** Stands behind a `for` or `with`: what the thing is for, not what it is. */
  readonly purpose: boolean;
}

/** Numbers with their decimals, and words; an apostrophe belongs to its word. */
const WORD = /\p{N}+(?:[.,]\p{N}+)+[\p{L}\p{M}]*|[\p{L}\p{N}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;

const STOP_WORDS = new Set(
  (
    'a an and any are as at by for from have i in into is it its my of on or our some that the their this to want we with you your ' +
    'aus bei das dem den der des die ein eine einem einen einer eines für fur ich im ist mein meine mit nach oder suche und vom von zu zum zur'
  ).split(' '),
);

export interface QueryText {
  readonly words: readonly QueryWord[];
  /** Words beyond {@link MAX_WORDS}. */
  readonly ignored: readonly string[];
}

export function readQuery(q: string): QueryText {
  const found = q.normalize('NFKC').toLowerCase().match(WORD) ?? [];
  const turn = found.findIndex((word, at) => at > 0 && PURPOSE_WORDS.has(word));
  const words = found.slice(0, MAX_WORDS).map((word, at) => toWord(word, turn >= 0 && at > turn));
  const onlyStops = words.every((word) => word.stop);
  return {
    words: onlyStops ? words.map((word) => ({ ...word, stop: false })) : words,
    ignored: found.slice(MAX_WORDS, MAX_WORDS * 3).map((word) => word.slice(0, MAX_WORD_CHARS)),
  };
}

const PURPOSE_WORDS = new Set(['for', 'with', 'für', 'fur', 'mit', 'zum', 'zur']);

function toWord(found: string, purpose: boolean): QueryWord {
  const text = [...found].slice(0, MAX_WORD_CHARS).join('').replaceAll('’', "'");
  const folded = fold(text);
  return { text, folded, key: wordKey(text), stop: STOP_WORDS.has(text), purpose };
}

/** Lower case without accents; `ß` is `ss`. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '');
}

/** `Mudguards`, `mudguard` → one key; `Bremsen`, `Bremse` → one key. Coarse: only words of rules are compared by it. */
export function wordKey(text: string): string {
  const word = fold(text).replace(/'s?$/u, '').replaceAll("'", '');
  if (/\p{N}/u.test(word)) return word;
  const singular = englishSingular(word);
  return singular.length >= 5 ? singular.replace(/(?:ern|em|en|er|es|e|n)$/u, '') : singular;
}

function englishSingular(word: string): string {
  if (word.length < 4) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x)es$/u.test(word)) return word.slice(0, -2);
  return /[^su]s$/u.test(word) ? word.slice(0, -1) : word;
}

/** Letters and digits only, as `.code` fields have them. */
export function bareCode(text: string): string {
  return fold(text).replace(/[^\p{L}\p{N}]+/gu, '');
}

export const hasDigit = (text: string): boolean => /\p{N}/u.test(text);
