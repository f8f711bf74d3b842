import { sqlError } from '../../sql/errors.ts';
import { Blocked } from '../../store/blocked.ts';
import { keyEncoder } from '../../store/key.ts';
import { FIRST, LAST } from '../../store/orderedMap.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { ForeignKey, TableObject } from '../model/tableObject.ts';
import { newFrame } from '../query/frame.ts';
import type { Execution } from '../run/execution.ts';
import { compiledTable } from './compiledTable.ts';
import { completeRow, deleteRows, updateRows, type Verb } from './writeRows.ts';

function columnSuffix(key: ForeignKey, side: 'child' | 'parent'): string {
  if (key.columns.length > 1) return '';
  const column = side === 'child' ? key.table.columns[key.columns[0]!] : key.parent.columns[key.parentColumns[0]!];
  return `, column '${column!.name}'`;
}

/** Each row's foreign key must be NULL in part or exist in the parent (547). Waits for writers of the parent row. */
export function checkParents(env: Execution, key: ForeignKey, rows: readonly RowData[], verb: Verb): void {
  const index = key.parent.data.indexes.find((candidate) => candidate.name === key.parentIndex)!;
  for (const data of rows) {
    const values = key.columns.map((at) => data[at] ?? null);
    if (values.includes(null)) continue;
    const parentData: RowData = [];
    key.parentColumns.forEach((at, i) => {
      parentData[at] = values[i]!;
    });
    if (key.parent.data.findUnique(env.statement.tx, index, index.keyOf(parentData)) !== null) continue;
    const { parent } = key;
    const kind = key.table === parent ? 'FOREIGN KEY SAME TABLE' : 'FOREIGN KEY';
    throw sqlError(547, verb, kind, key.name, parent.database.name, parent.qualifiedName, columnSuffix(key, 'parent'));
  }
}

/** After parents were deleted (`after` null) or got another key: refuses, or does to the children what the key says. */
export function checkChildren(
  env: Execution,
  parent: TableObject,
  changes: readonly { readonly before: RowData; readonly after: RowData | null }[],
  verb: Verb,
): void {
  for (const key of parent.referencedBy) {
    if (!key.enabled) continue;
    const index = parent.data.indexes.find((candidate) => candidate.name === key.parentIndex)!;
    for (const { before, after } of changes) {
      if (after !== null && index.sameKey(before, after)) continue;
      // Another row may have taken the old key in the same statement.
      if (parent.data.findUnique(env.statement.tx, index, index.keyOf(before)) !== null) continue;
      const children = findChildren(env, key, before);
      if (children.length > 0) refer(env, key, children, after, verb);
    }
  }
}

function refer(env: Execution, key: ForeignKey, children: readonly Row[], after: RowData | null, verb: Verb): void {
  const action = after === null ? key.onDelete : key.onUpdate;
  const { table } = key;
  if (action === 'noAction') {
    const kind = table === key.parent ? 'SAME TABLE REFERENCE' : 'REFERENCE';
    throw sqlError(547, verb, kind, key.name, table.database.name, table.qualifiedName, columnSuffix(key, 'child'));
  }
  const rows = children.map((row) => ({ row, before: row.head.data! }));
  if (action === 'cascade' && after === null) {
    deleteRows(env, table, rows, verb);
    return;
  }
  const { defaults } = compiledTable(table, env.session);
  const changes = rows.map(({ row, before }) => {
    const data = before.slice();
    key.columns.forEach((at, i) => {
      if (action === 'cascade') data[at] = after![key.parentColumns[i]!] ?? null;
      else data[at] = action === 'setNull' ? null : (defaults[at]?.eval(newFrame(env, null, 0)) ?? null);
    });
    completeRow(env, table, data, verb);
    return { row, before, after: data };
  });
  updateRows(env, table, changes, verb);
}

/** Rows whose foreign key is the parent's old key: by an index that begins with it, else by reading all. */
function findChildren(env: Execution, key: ForeignKey, parent: RowData): Row[] {
  const values = key.parentColumns.map((at) => parent[at] ?? null);
  if (values.includes(null)) return [];
  const { data } = key.table;
  const index = data.indexes.find(
    (candidate) =>
      candidate.columns.length >= key.columns.length && key.columns.every((at, i) => candidate.columns[i] === at),
  );
  const prefix = index?.prefixOf(values) ?? '';
  const cursor = index
    ? index.entries.cursor({ prefix, after: false }, { prefix, after: true })
    : data.indexes[0]!.entries.cursor(FIRST, LAST);
  const found = new Set<Row>();
  const { tx } = env.statement;
  const encoders = key.columns.map((at) => keyEncoder(key.table.columns[at]!.type, key.table.columns[at]!.collation));
  const wanted = values.map((value, i) => encoders[i]!(value));
  while (cursor.next()) {
    const { head } = cursor.value;
    const current = head.data;
    const matches = current !== null && key.columns.every((at, i) => encoders[i]!(current[at] ?? null) === wanted[i]);
    if (head.tx !== null && head.tx !== tx && (matches || index)) throw new Blocked([head.tx.party]);
    if (matches) found.add(cursor.value);
  }
  return [...found];
}
