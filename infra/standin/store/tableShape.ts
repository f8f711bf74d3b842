import { FIRST, LAST } from './orderedMap.ts';
import type { Row, Version } from './row.ts';
import type { Table } from './table.ts';
import { TableIndex } from './tableTypes.ts';

/**
 * Notes a table's columns, indexes and rows, and returns what puts them back. Rows are put back only if a definition has rewritten them
 * meanwhile: the transaction that did so has had the table for itself.
 */
export function shapeOf(table: Table): () => void {
  const columns = [...table.columns];
  const indexes = [...table.indexes];
  const { rewrites } = table;
  const heads = new Map<Row, Version>();
  for (const row of rowsOf(table)) heads.set(row, row.head);
  return () => {
    const rewritten = table.rewrites !== rewrites;
    if (!rewritten && sameItems(table.indexes, indexes)) return;
    const rows = rewritten ? [...heads.keys()] : rowsOf(table);
    table.columns.splice(0, table.columns.length, ...columns);
    if (rewritten) {
      for (const [row, head] of heads) row.head = head;
      table.rewrites++;
    }
    table.indexes = indexes.map((index) => filled(new TableIndex(index, columns), rows));
  };
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function rowsOf(table: Table): Row[] {
  const rows = new Set<Row>();
  const cursor = table.indexes[0]!.entries.cursor(FIRST, LAST);
  while (cursor.next()) rows.add(cursor.value);
  return [...rows];
}

function filled(index: TableIndex, rows: readonly Row[]): TableIndex {
  for (const row of rows)
    for (let version: Version | null = row.head; version; version = version.prev)
      if (version.data !== null) index.entries.set(index.entryKey(version.data, row), row);
  return index;
}
