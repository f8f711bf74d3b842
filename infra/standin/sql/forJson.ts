/** The text of SELECT … FOR JSON PATH. */
import type { ForJson } from './ast.ts';
import { sqlError } from './errors.ts';
import { literalOf } from './functionsJson.ts';
import { escapeJson } from './json.ts';
import type { SqlType, SqlValue } from './values.ts';

/** A column of the query; `json` marks text that is JSON already (JSON_QUERY, nested FOR JSON). */
export interface ForJsonColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly json?: boolean;
}

/** Nested shape of the column names: 'a.b' puts b inside the object a. */
type Shape = Map<string, Shape | number>;

function shapeOf(columns: readonly ForJsonColumn[]): Shape {
  const root: Shape = new Map();
  columns.forEach((column, i) => {
    if (column.name === '') throw sqlError(13_605);
    const parts = column.name.split('.');
    const last = parts.pop() ?? '';
    let at = root;
    for (const part of parts) {
      const next = at.get(part) ?? new Map();
      if (typeof next === 'number') throw sqlError(13_601, column.name);
      at.set(part, next);
      at = next;
    }
    if (at.has(last)) throw sqlError(13_601, column.name);
    at.set(last, i);
  });
  return root;
}

/**
 * Makes the function that turns rows into the JSON text, null when there are no rows and no root. Empty names raise 13605, conflicting ones
 * 13601.
 */
export function forJsonWriter(
  columns: readonly ForJsonColumn[],
  options: ForJson,
): (rows: Iterable<readonly SqlValue[]>) => string | null {
  const shape = shapeOf(columns);
  const value = (row: readonly SqlValue[], i: number): string | undefined => {
    const v = row[i] ?? null;
    const column = columns[i]!;
    const text = column.json === true ? (v === null ? undefined : String(v)) : literalOf(v, column.type);
    return text ?? (options.includeNulls ? 'null' : undefined);
  };
  const object = (at: Shape, row: readonly SqlValue[]): string => {
    const members: string[] = [];
    for (const [name, child] of at) {
      const text = typeof child === 'number' ? value(row, child) : object(child, row);
      if (text !== undefined && (typeof child === 'number' || text !== '{}'))
        members.push(`"${escapeJson(name)}":${text}`);
    }
    return `{${members.join(',')}}`;
  };
  return (rows) => {
    const items = Array.from(rows, (row) => object(shape, row));
    if (items.length === 0 && options.root === undefined) return null;
    const body = options.withoutArrayWrapper ? items.join(',') : `[${items.join(',')}]`;
    return options.root === undefined ? body : `{"${escapeJson(options.root)}":${body}}`;
  };
}
