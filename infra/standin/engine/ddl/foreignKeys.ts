import type { TableConstraint } from '../../sql/astDdl.ts';
import { SqlError, sqlError } from '../../sql/errors.ts';
import type { Database } from '../model/database.ts';
import type { ForeignKey, TableObject } from '../model/tableObject.ts';
import { precededBy } from '../run/failures.ts';
import { positionOf } from './buildTable.ts';
import { generatedName } from './names.ts';

/** Adds the FOREIGN KEY constraints among these to a table; none is added when one is wrong. */
export function addForeignKeys(
  table: TableObject,
  constraints: readonly TableConstraint[],
  database: Database,
  defaultSchema: string,
): ForeignKey[] {
  const keys: ForeignKey[] = [];
  try {
    for (const constraint of constraints) {
      if (constraint.k !== 'foreignKey') continue;
      const key = buildForeignKey(table, constraint, database, defaultSchema);
      assertOneCascade(key, keys);
      keys.push(key);
    }
  } catch (error) {
    throw error instanceof SqlError ? precededBy(sqlError(1750), [error]) : error;
  }
  for (const key of keys) {
    table.foreignKeys.push(key);
    key.parent.referencedBy.push(key);
  }
  return keys;
}

function buildForeignKey(
  table: TableObject,
  constraint: Extract<TableConstraint, { k: 'foreignKey' }>,
  database: Database,
  defaultSchema: string,
): ForeignKey {
  const columns = constraint.columns.map((column) => positionOf(table.columns, column));
  const name = constraint.name ?? generatedName('FK', table.name, constraint.columns[0]);
  const { table: parentName } = constraint;
  const parent = parentName.schema
    ? database.findTable(parentName.schema, parentName.name)
    : (database.findTable(table.schema.name, parentName.name) ??
      database.findTable(defaultSchema, parentName.name) ??
      database.findTable('dbo', parentName.name));
  if (!parent) throw sqlError(1767, name, [parentName.schema, parentName.name].filter(Boolean).join('.'));
  const wanted =
    constraint.refColumns.length > 0
      ? constraint.refColumns.map((column) => parentPosition(parent, column, name))
      : (parent.primaryKey?.columns ?? []);
  const index = parent.data.indexes.find(
    (candidate) =>
      candidate.unique &&
      candidate.columns.length === wanted.length &&
      candidate.columns.every((at) => wanted.includes(at)),
  );
  if (!index || wanted.length !== columns.length) throw sqlError(1776, parent.qualifiedName, name);
  // Checks look parents up by the index, so its order of columns counts.
  const order = index.columns.map((at) => wanted.indexOf(at));
  return {
    id: database.nextObjectId(),
    name,
    table,
    columns: order.map((at) => columns[at]!),
    parent,
    parentColumns: index.columns,
    parentIndex: index.name,
    onDelete: constraint.onDelete,
    onUpdate: constraint.onUpdate,
    enabled: true,
    trusted: true,
  };
}

/** 1785 when a row could reach another by cascading in two ways, or itself. `added` are keys of the same statement. */
function assertOneCascade(key: ForeignKey, added: readonly ForeignKey[]): void {
  for (const event of ['onDelete', 'onUpdate'] as const) {
    if (key[event] === 'noAction') continue;
    const cascades = (candidate: ForeignKey): boolean => candidate[event] !== 'noAction';
    const into = (table: TableObject): ForeignKey[] =>
      [...table.foreignKeys, ...[...added, key].filter((other) => other.table === table)].filter(cascades);
    const outOf = (table: TableObject): ForeignKey[] =>
      [...table.referencedBy, ...[...added, key].filter((other) => other.parent === table)].filter(cascades);
    const origins = new Set<TableObject>();
    const climb = (table: TableObject): void => {
      if (origins.has(table)) return;
      origins.add(table);
      for (const up of into(table)) climb(up.parent);
    };
    climb(key.parent);
    for (const origin of origins) {
      const reached = new Set<TableObject>([origin]);
      const descend = (table: TableObject): void => {
        for (const down of outOf(table)) {
          if (reached.has(down.table)) throw sqlError(1785, key.name, key.table.name);
          reached.add(down.table);
          descend(down.table);
        }
      };
      descend(origin);
    }
  }
}

function parentPosition(parent: TableObject, column: string, key: string): number {
  const at = parent.columnAt(column);
  if (at < 0) throw sqlError(1770, key, column, parent.qualifiedName);
  return at;
}
