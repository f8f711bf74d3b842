import { sqlError } from '../../sql/errors.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { TableObject } from '../model/tableObject.ts';
import { newFrame } from '../query/frame.ts';
import type { Execution } from '../run/execution.ts';
import { compiledTable, fullName } from './compiledTable.ts';
import { checkChildren, checkParents } from './foreignKeys.ts';
import { checkLobSizes } from './lobSizes.ts';

/** The statement's name in error texts. */
export type Verb = 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE' | 'ALTER TABLE';

/** A row to change: as it was read, and as it shall be. */
export interface RowChange {
  readonly row: Row;
  readonly before: RowData;
  readonly after: RowData;
}

/** Fills computed columns and checks NOT NULL and CHECK constraints of one row. */
export function completeRow(env: Execution, table: TableObject, data: RowData, verb: Verb): void {
  const compiled = compiledTable(table, env.session);
  if (compiled.computed.length > 0 || compiled.checks.length > 0) {
    const f = newFrame(env, null, 1);
    f.rows[0] = data;
    for (const { at, value } of compiled.computed) data[at] = value.eval(f);
    notNull(table, data, verb);
    for (const { constraint, test } of compiled.checks)
      if (test(f) === false) throw checkViolated(table, constraint.name, constraint.columnAt, verb);
    return;
  }
  notNull(table, data, verb);
}

function notNull(table: TableObject, data: RowData, verb: Verb): void {
  const { columns } = table;
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at]!;
    if (column.nullable || (data[at] !== null && data[at] !== undefined)) continue;
    if (column.dropped || column.type.k === 'rowversion') continue;
    throw sqlError(515, column.name, fullName(table), verb);
  }
}

export function checkViolated(table: TableObject, constraint: string, columnAt: number, verb: string): Error {
  const column = columnAt < 0 ? '' : `, column '${table.columns[columnAt]!.name}'`;
  return sqlError(547, verb, 'CHECK', constraint, table.database.name, table.qualifiedName, column);
}

function transactionFor(env: Execution, table: TableObject): Execution['statement']['tx'] {
  env.statement.touch(table);
  if (table.database.options.readOnly && !table.isVariable) throw sqlError(3906, table.database.name);
  return table.isVariable ? env.statement.local : env.statement.tx;
}

/** Inserts complete rows and checks their foreign keys. */
export function insertRows(env: Execution, table: TableObject, rows: readonly RowData[], verb: Verb): Row[] {
  const tx = transactionFor(env, table);
  if (table.captures.length > 0) checkLobSizes(env, table, rows);
  const stored = rows.map((data) => table.data.insert(tx, data));
  for (const key of table.foreignKeys) if (key.enabled) checkParents(env, key, rows, verb);
  return stored;
}

/** Writes changes: in place, or as delete and insert when a unique key changes. Checks and cascades foreign keys on both sides. */
export function updateRows(env: Execution, table: TableObject, changes: readonly RowChange[], verb: Verb): void {
  const tx = transactionFor(env, table);
  const moves: RowChange[] = [];
  for (const change of changes) {
    if (table.data.movesUniqueKey(change.before, change.after)) moves.push(change);
    else table.data.update(tx, change.row, change.after);
  }
  if (moves.length > 0)
    table.data.moveRows(
      tx,
      moves.map(({ row, after }) => ({ row, data: after })),
    );
  const afters = changes.map(({ after }) => after);
  if (table.captures.length > 0) checkLobSizes(env, table, afters);
  for (const key of table.foreignKeys) if (key.enabled) checkParents(env, key, afters, verb);
  if (table.referencedBy.length > 0) checkChildren(env, table, changes, verb);
}

/** Deletes rows; checks or cascades what refers to them. */
export function deleteRows(
  env: Execution,
  table: TableObject,
  rows: readonly { readonly row: Row; readonly before: RowData }[],
  verb: Verb,
): void {
  const tx = transactionFor(env, table);
  for (const { row } of rows) table.data.delete(tx, row);
  if (table.referencedBy.length > 0)
    checkChildren(
      env,
      table,
      rows.map(({ before }) => ({ before, after: null })),
      verb,
    );
}
