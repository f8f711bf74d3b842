/** One column (or table) in which a generated file is not what it should be. */
export interface TypeDifference {
  /** `schema.table`. */
  readonly table: string;
  /** Name of the column; `(table)` where the whole table is missing or too much, with ` (key)` for one of the key. */
  readonly column: string;
  /** Type with its unit, as it would be generated; null = should not be there. */
  readonly expected: string | null;
  /** Type with its unit as in the file; null = not there. */
  readonly found: string | null;
}

const INTERFACE = /^\/\*\* (A row of|The key of) (.+)\. \*\/\nexport interface \w+ \{\n([\s\S]*?)^\}/gm;
const FIELD = /^(?: {2}\/\*\* (.*) \*\/\n)? {2}readonly (\w+): (.*);$/gm;
const WHOLE_TABLE = '(table)';

/**
 * Where two texts of `generateTypes` differ, by table and column in the order expected; a column in another place is no difference. Empty
 * for texts that differ in their layout only.
 */
export function typeDifferences(expected: string, found: string): readonly TypeDifference[] {
  const wanted = columnsOf(expected);
  const present = columnsOf(found);
  return [...new Set([...wanted.keys(), ...present.keys()])].flatMap((table): TypeDifference[] => {
    const [w, p] = [wanted.get(table), present.get(table)];
    if (!w || !p) {
      const whole = (columns?: ReadonlyMap<string, string>): string | null =>
        columns ? `${columns.size} columns` : null;
      return [{ table, column: WHOLE_TABLE, expected: whole(w), found: whole(p) }];
    }
    return [...new Set([...w.keys(), ...p.keys()])]
      .map((column) => ({ table, column, expected: w.get(column) ?? null, found: p.get(column) ?? null }))
      .filter((difference) => difference.expected !== difference.found);
  });
}

/** Table → column → type with its unit, of a generated file. */
function columnsOf(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const tables = new Map<string, Map<string, string>>();
  for (const [, kind, table, body] of text.replaceAll('\r\n', '\n').matchAll(INTERFACE)) {
    const columns = tables.get(table!) ?? new Map<string, string>();
    tables.set(table!, columns);
    const mark = kind === 'The key of' ? ' (key)' : '';
    for (const [, note, name, type] of body!.matchAll(FIELD)) {
      columns.set(`${name}${mark}`, note === undefined ? type! : `${type} (${note.replace(/\.$/, '')})`);
    }
  }
  return tables;
}
