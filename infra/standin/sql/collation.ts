/**
 * Comparison of strings under SQL Server's collations, reduced to three kinds: case-insensitive (the default,
 * SQL_Latin1_General_CP1_CI_AS), case-sensitive (…_CS_AS) and binary (…_BIN, …_BIN2). Trailing blanks never count.
 * Deviation: letters with accents sort after z, not beside their base letter (no tables of weights here); equality is exact.
 */

/** How strings of a column or expression compare. */
export interface Collation {
  readonly name: string;
  readonly kind: 'ci' | 'cs' | 'bin';
}

const DEFAULT_COLLATION: Collation = { name: 'SQL_Latin1_General_CP1_CI_AS', kind: 'ci' };

const known = new Map<string, Collation>([[DEFAULT_COLLATION.name.toLowerCase(), DEFAULT_COLLATION]]);

/** The collation of that name, undefined if the name is not of a known shape. `database_default` is the default one. */
export function findCollation(name: string): Collation | undefined {
  const key = name.toLowerCase();
  if (key === 'database_default' || key === 'catalog_default') return DEFAULT_COLLATION;
  const found = known.get(key);
  if (found) return found;
  const shape = /^(sql_)?[a-z0-9]+(_[a-z0-9]+)*_(bin2?|c[is]_a[is])(_ks)?(_ws)?(_sc)?(_utf8)?$/.exec(key);
  if (!shape) return undefined;
  const tail = shape[3] ?? '';
  const made: Collation = { name, kind: tail.startsWith('bin') ? 'bin' : tail.startsWith('cs') ? 'cs' : 'ci' };
  known.set(key, made);
  return made;
}

/** The string without the trailing blanks that comparison ignores. */
function trimBlanks(s: string): string {
  let end = s.length;
  while (end > 0 && s.charCodeAt(end - 1) === 32) end--;
  return end === s.length ? s : s.slice(0, end);
}

/** ASCII punctuation, digits and letters by sort weight: blanks and punctuation, then digits, then letters. */
const WEIGHTS = buildWeights();
const WEIGHT_CODES = Uint8Array.from(WEIGHTS, (weight) => weight.charCodeAt(0));

function buildWeights(): string[] {
  const order = ' _-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$0123456789';
  const weights: string[] = [];
  for (let c = 0; c < 128; c++) weights.push(String.fromCharCode(c));
  for (let i = 0; i < order.length; i++) weights[order.charCodeAt(i)] = String.fromCharCode(32 + i);
  for (let i = 0; i < 26; i++) {
    weights[97 + i] = String.fromCharCode(32 + order.length + i);
    weights[65 + i] = String.fromCharCode(32 + order.length + i);
  }
  return weights;
}

/** Keys made last, by a quick hash: keys of the same strings are wanted again and again, but most strings of a load only once. */
const CACHE_SLOTS = 8192;
const CACHE_KEY_LENGTH = 40;
const cachedTexts: string[] = new Array(CACHE_SLOTS).fill('');
const cachedKeys: string[] = new Array(CACHE_SLOTS).fill('');

/**
 * A key whose plain JS order is the order of the strings under the default collation, and which is equal exactly for strings that
 * compare equal: `collationKey('a ') === collationKey('A')`. Use it for hashes, DISTINCT, GROUP BY and indexes.
 */
export function collationKey(s: string): string {
  if (s.length > CACHE_KEY_LENGTH) return makeKey(s);
  const slot = slotOf(s);
  if (cachedTexts[slot] === s) return cachedKeys[slot]!;
  const key = makeKey(s);
  cachedTexts[slot] = s;
  cachedKeys[slot] = key;
  return key;
}

function slotOf(s: string): number {
  let hash = s.length;
  for (let i = 0; i < s.length; i++) hash = (Math.imul(hash, 31) + s.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 13)) & (CACHE_SLOTS - 1);
}

function makeKey(s: string): string {
  return asciiKey(s) ?? wideKey(s);
}

const MAX_ASCII_KEY = 256;
const scratch = Buffer.alloc(MAX_ASCII_KEY);

/** The key of a short string of ASCII, which most are; null for others. Written into bytes: no text per character is made. */
function asciiKey(s: string): string | null {
  if (s.length > MAX_ASCII_KEY) return null;
  let end = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c >= 128) return null;
    scratch[i] = WEIGHT_CODES[c]!;
    if (c !== 32) end = i + 1;
  }
  return scratch.toString('latin1', 0, end);
}

function wideKey(s: string): string {
  const t = trimBlanks(s);
  let key = '';
  for (let i = 0; i < t.length; i++) {
    const c = t.charCodeAt(i);
    key += c < 128 ? WEIGHTS[c] : foldWide(t[i] ?? '');
  }
  return key;
}

/** One UTF-16 unit outside ASCII, folded to lower case unless folding changes its length. */
function foldWide(unit: string): string {
  const low = unit.toLowerCase();
  return low.length === 1 && low.charCodeAt(0) >= 128 ? low : unit;
}

/** A key like collationKey for any collation. */
export function keyUnder(s: string, collation: Collation | undefined): string {
  if (collation === undefined || collation.kind === 'ci') return collationKey(s);
  const t = trimBlanks(s);
  if (collation.kind === 'bin') return t;
  // Case-sensitive: the order of the letters first, lower before upper only among otherwise equal strings.
  let marks = '';
  for (const ch of t) marks += ch === ch.toLowerCase() ? '0' : '1';
  return `${collationKey(t)}\u0000${marks}`;
}

/** Negative, 0 or positive as a sorts before, with or after b. */
export function compareStrings(a: string, b: string, collation?: Collation): number {
  if (a === b) return 0;
  const x = keyUnder(a, collation);
  const y = keyUnder(b, collation);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The string with its letters folded as equality under the collation sees them, same length; for LIKE, CHARINDEX, REPLACE. */
export function fold(s: string, collation?: Collation): string {
  if (collation !== undefined && collation.kind !== 'ci') return s;
  const low = s.toLowerCase();
  if (low.length === s.length) return low;
  let out = '';
  for (let i = 0; i < s.length; i++) out += foldWide(s[i] ?? '');
  return out;
}
