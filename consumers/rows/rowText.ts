import type { Row } from '#infra/runtime/config/catalog.ts';

/** How rows, row keys and join values are written as text. */

/**
 * Identity of a row inside its table: its key columns as JSON, in key order, values exactly as they are. {@link decodeRow} gives the key
 * back, which is all that is left of a deleted row.
 */
export function rowKeyText(key: Row): string {
  const out: Record<string, unknown> = {};
  for (const column in key) {
    const value = key[column];
    if (typeof value === 'bigint') out[column] = { $n: String(value) };
    else if (Buffer.isBuffer(value)) out[column] = { $b: value.toString('base64') };
    else out[column] = value;
  }
  return JSON.stringify(out);
}

/** Inverse of {@link rowKeyText}. */
export function decodeRowKey(text: string): Row {
  const row = JSON.parse(text) as Record<string, unknown>;
  for (const column in row) {
    const value = row[column] as { readonly $n?: string; readonly $b?: string } | null | string | number | boolean;
    if (typeof value !== 'object' || value === null) continue;
    if (value.$n !== undefined) row[column] = BigInt(value.$n);
    else if (value.$b !== undefined) row[column] = Buffer.from(value.$b, 'base64');
  }
  return row;
}

/**
 * The values of a row as a JSON array, without its column names: they are kept once for all rows that have the same ones (see shapes.ts).
 * A 64-bit integer is `["digits"]`, bytes are `["base64",1]`; everything else is JSON already.
 */
export function encodeValues(row: Row, columns: readonly string[]): string {
  return JSON.stringify(
    columns.map((column) => {
      const value = row[column];
      if (typeof value === 'bigint') return [String(value)];
      return Buffer.isBuffer(value) ? [value.toString('base64'), 1] : value;
    }),
  );
}

/** Inverse of {@link encodeValues}. */
export function decodeValues(text: string, columns: readonly string[]): Row {
  const values = JSON.parse(text) as unknown[];
  const row: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) {
    const value = values[i];
    row[columns[i]!] = Array.isArray(value) ? marked(value as [string, 1?]) : value;
  }
  return row;
}

function marked([text, bytes]: [string, 1?]): bigint | Buffer {
  return bytes === 1 ? Buffer.from(text, 'base64') : BigInt(text);
}

/**
 * A value as joins compare it: trailing blanks and case do not count, numbers of any type compare by their digits, NULL matches nothing.
 * Source of the blanks rule: SQL Server, "nchar and nvarchar", comparison pads to equal length (ANSI SQL-92 8.2).
 */
function joinValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return withoutTrailingBlanks(value).toLowerCase();
  return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
}

function withoutTrailingBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return end === text.length ? text : text.slice(0, end);
}

const SPECIAL = /[%,=\p{Cc}]/u;
const EVERY_SPECIAL = /[%,=\p{Cc}]/gu;

/** Writes what would be taken for the separators of a link, or for a line end, as `%` and four hexadecimal digits. */
function plain(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(EVERY_SPECIAL, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const prefixes = new WeakMap<readonly string[], string>();

/** What links over these columns begin with. Kept for each list of columns, because it is asked for with every row. */
export function linkPrefix(columns: readonly string[]): string {
  let prefix = prefixes.get(columns);
  if (prefix === undefined) {
    prefix = `${columns.map(plain).join(',')}=`;
    prefixes.set(columns, prefix);
  }
  return prefix;
}

/**
 * What a row offers to joins over these columns: text that is equal for rows that join, `COLUMN,COLUMN=value,value`, without control
 * characters. `names` stand in the place of `columns`, so that a parent's value can be written as its child's. null when a value is NULL.
 */
export function linkText(row: Row, columns: readonly string[], names: readonly string[] = columns): string | null {
  let text = '';
  for (let i = 0; i < columns.length; i++) {
    const value = joinValue(row[columns[i]!]);
    if (value === null) return null;
    text += i === 0 ? plain(value) : `,${plain(value)}`;
  }
  return linkPrefix(names) + text;
}

/** The same values under other column names: turns a child's link into its parent's and back. */
export function renameLink(link: string, names: readonly string[]): string {
  return linkPrefix(names) + link.slice(link.indexOf('=') + 1);
}
