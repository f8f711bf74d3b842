import { randomBytes } from 'node:crypto';

/** Names the server makes up for constraints that were given none, in the shapes the product uses. */
export function generatedName(kind: 'PK' | 'UQ' | 'FK' | 'CK' | 'DF', table: string, column?: string): string {
  const hex = (digits: number): string =>
    randomBytes(digits / 2)
      .toString('hex')
      .toUpperCase();
  const cut = (name: string, length: number): string => name.slice(0, length);
  if (kind === 'PK' || kind === 'UQ') return `${kind}__${cut(table, 9)}__${hex(16)}`;
  if (column === undefined) return `${kind}__${cut(table, 9)}__${hex(8)}`;
  return `${kind}__${cut(table, 9)}__${cut(column, 5)}__${hex(8)}`;
}
