import { createHash } from 'node:crypto';

/** Digests a masked column may be hashed with. */
const HASH_ALGORITHMS = ['SHA-256', 'SHA-384', 'SHA-512'] as const;

/**
 * What is written instead of a text:
 * - hash: hexadecimal digest of salt and value, cut to the column's length unless it is `whole`; equal values stay equal, so joins still work;
 * - stars: this many asterisks, whatever the value is;
 * - truncate: the first so many characters.
 */
export type ColumnMask =
  | {
      readonly kind: 'hash';
      readonly algorithm: (typeof HASH_ALGORITHMS)[number];
      readonly salt: string;
      /** Not cut: for keys, because two of them could begin alike. */
      readonly whole?: boolean;
    }
  | { readonly kind: 'stars'; readonly length: number }
  | { readonly kind: 'truncate'; readonly length: number };

/** Types that are carried as text and may be masked. Numbers, times and bytes can only be left out. */
const MASKABLE = new Set([
  'char',
  'varchar',
  'text',
  'nchar',
  'nvarchar',
  'ntext',
  'sysname',
  'xml',
  'uniqueidentifier',
]);

export function isMaskable(sqlType: string): boolean {
  return MASKABLE.has(sqlType);
}

/**
 * The function that masks texts of a column. `maxCharacters`: what the column holds; a digest is cut to it (Infinity for large columns).
 * The digest is that of Debezium's `column.mask.hash.v2`, so pseudonyms stay the same when one takes the place of the other.
 */
export function masker(mask: ColumnMask, maxCharacters: number): (text: string) => string {
  switch (mask.kind) {
    case 'hash': {
      const salt = Buffer.from(mask.salt, 'utf8');
      const name = mask.algorithm.replace('-', '').toLowerCase();
      const characters = mask.whole ? Number.POSITIVE_INFINITY : maxCharacters;
      return (text) => createHash(name).update(salt).update(text, 'utf8').digest('hex').slice(0, characters);
    }
    case 'stars': {
      const stars = '*'.repeat(mask.length);
      return () => stars;
    }
    case 'truncate':
      // A character of two code units is left out when only its first half would stay.
      return (text) => (text.length > mask.length ? text.slice(0, mask.length).replace(/[\ud800-\udbff]$/, '') : text);
  }
}
