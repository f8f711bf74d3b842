/** Makes shop values of what thirty years of data entry left in the EPOS tables. Pure functions, used by sluice.config.ts. */

/** Trims and joins runs of blanks; null when nothing is left. */
export function tidy(text: string | null | undefined): string | null {
  const clean = (text ?? '').replace(/\s+/g, ' ').trim();
  return clean === '' ? null : clean;
}

/** `'Y'` in whatever case and padding. */
export function isYes(flag: string | null | undefined): boolean {
  return tidy(flag)?.toUpperCase() === 'Y';
}

const SMALL_WORDS = new Set(['of', 'and', 'in', 'the', 'with', 'for']);

/** Text typed in capitals → Title Case; anything else stays as it was typed. Words with digits (`18V`, `2XL`) stay too. */
export function unshout(text: string): string {
  if (text !== text.toUpperCase() || !/[A-Z]{2}/.test(text)) return text;
  return text
    .toLowerCase()
    .split(' ')
    .map((word, index) => {
      if (/\d/.test(word)) return word.toUpperCase();
      return index > 0 && SMALL_WORDS.has(word) ? word : capitalise(word);
    })
    .join(' ');
}

/** First letter and every letter after a hyphen, slash or opening bracket. */
function capitalise(word: string): string {
  return word.replace(/(^|[-/(])(\p{Ll})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
}

const COLOUR_CODES: Readonly<Record<string, string>> = {
  BLK: 'Black',
  WHT: 'White',
  NVY: 'Navy',
  GRY: 'Grey',
  GRAY: 'Grey',
  GRN: 'Green',
  OLV: 'Olive',
  BLU: 'Blue',
  MUST: 'Mustard',
  CRM: 'Cream',
  CHAR: 'Charcoal',
};

/** Till abbreviations and stray spellings → one name per colour. */
export function colourName(text: string | null | undefined): string | null {
  const clean = tidy(text);
  if (clean === null) return null;
  const upper = clean.toUpperCase();
  return COLOUR_CODES[upper] ?? capitalise(clean.toLowerCase());
}

const SIZE_WORDS: Readonly<Record<string, string>> = {
  'X-SMALL': 'XS',
  SMALL: 'S',
  SML: 'S',
  MEDIUM: 'M',
  MED: 'M',
  LARGE: 'L',
  LGE: 'L',
  'X-LARGE': 'XL',
  '2XL': 'XXL',
  SGL: 'Single',
  DBL: 'Double',
  KING: 'King',
  'S/KING': 'Super King',
};
const UNITS: Readonly<Record<string, string>> = {
  L: 'L',
  LTR: 'L',
  LITRE: 'L',
  CM: 'cm',
  M: 'm',
  MTR: 'm',
  KG: 'kg',
};

/** Free-text sizes → one spelling: `5 LTR` → `5 L`, `UK5` → `UK 5`, `LGE` → `L`, `PK4` → `Pack of 4`. What is not known stays. */
export function sizeName(text: string | null | undefined): string | null {
  const clean = tidy(text);
  if (clean === null) return null;
  const upper = clean.toUpperCase();
  const word = SIZE_WORDS[upper];
  if (word) return word;
  const shoe = /^(?:UK|SIZE)? ?(\d{1,2}(?:\.5)?)$/.exec(upper);
  if (shoe) return `UK ${shoe[1]}`;
  const pack = /^(?:PK|PACK OF) ?(\d+)$/.exec(upper);
  if (pack) return `Pack of ${pack[1]}`;
  const measure = /^(\d+(?:\.\d+)?) ?([A-Z]+)$/.exec(upper);
  const unit = measure && UNITS[measure[2]!];
  return unit ? `${measure[1]} ${unit}` : clean;
}

/** An EAN-8, UPC-A, EAN-13 or GTIN-14 whose check digit is right (GS1 General Specifications §7.9), else null. */
export function barcode(text: string | null | undefined): string | null {
  const digits = tidy(text) ?? '';
  if (!/^(?:\d{8}|\d{12,14})$/.test(digits)) return null;
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0 && sum > 0 ? digits : null;
}

/** A till's `datetime`, which Debezium's encoding carries as milliseconds as if it were UTC, as ISO 8601 text; null stays null. */
export function dateText(ms: bigint | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(Number(ms)).toISOString();
}
