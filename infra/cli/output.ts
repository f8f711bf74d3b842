import { toJson } from '#infra/ops/endpoint.ts';

/** Writes a line to standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line to standard error. */
export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes a value as indented JSON; bigints as decimal text. */
export function printJson(value: unknown): void {
  print(toJson(value, 2));
}

/** Columns aligned by their widest cell; numbers to the right. The first row is the heading. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  const isNumber = (column: number): boolean =>
    rows.slice(1).every((row) => /^-?[\d.,]*( ?(ms|s|%|MB))?$/.test(String(row[column] ?? '')));
  const right = widths.map((_, column) => isNumber(column));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (right[i] ? String(cell).padStart(widths[i]!) : String(cell).padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
