import type { Row } from '#infra/runtime/config/catalog.ts';

/** How rows, row keys and join values are written as text. */

/**
 * Identity of a row inside its table: its key columns as JSON, in key order, values exactly as they are. {@link decodeRow} gives the key
 * back, which is all that is left of a deleted row.
 */
export function rowKeyText(key: Row): string {
  return encodeRow(key);
}

/**
 * A value as joins compare it: trailing blanks and case do not count, numbers of any type compare by their digits, NULL matches nothing.
 * Source of the blanks rule: SQL Server, "nchar and nvarchar", comparison pads to equal length (ANSI SQL-92 8.2).
 */
function joinValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value.replace(/ +$/u, '').toLowerCase();
  return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
}

/**
 * What a row offers to joins over these columns: text that is equal for rows that join. `names` stand in the text in the place of
 * `columns`, so that a parent's value can be written as its child's. null when a value is NULL.
 */
export function linkText(row: Row, columns: readonly string[], names: readonly string[] = columns): string | null {
  const values: string[] = [];
  for (const column of columns) {
    const value = joinValue(row[column]);
    if (value === null) return null;
    values.push(value);
  }
  return JSON.stringify([names, values]);
}

/** The same values under other column names: turns a child's link into its parent's and back. */
export function renameLink(link: string, names: readonly string[]): string {
  const [, values] = JSON.parse(link) as [string[], string[]];
  return JSON.stringify([names, values]);
}

/** Column names of a link. */
export function linkColumns(link: string): readonly string[] {
  return (JSON.parse(link) as [string[], string[]])[0];
}

/** Row → JSON text; 64-bit integers and bytes are marked, everything else is JSON already. */
export function encodeRow(row: Row): string {
  const out: Record<string, unknown> = {};
  for (const column in row) {
    const value = row[column];
    if (typeof value === 'bigint') out[column] = { $n: String(value) };
    else if (Buffer.isBuffer(value)) out[column] = { $b: value.toString('base64') };
    else out[column] = value;
  }
  return JSON.stringify(out);
}

/** Inverse of {@link encodeRow}. */
export function decodeRow(text: string): Row {
  const row = JSON.parse(text) as Record<string, unknown>;
  for (const column in row) {
    const value = row[column] as { readonly $n?: string; readonly $b?: string } | null | string | number | boolean;
    if (typeof value !== 'object' || value === null) continue;
    if (value.$n !== undefined) row[column] = BigInt(value.$n);
    else if (value.$b !== undefined) row[column] = Buffer.from(value.$b, 'base64');
  }
  return row;
}
