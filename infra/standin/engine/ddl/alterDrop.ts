import { sqlError } from '../../sql/errors.ts';
import type { TableObject } from '../model/tableObject.ts';
import { precededBy } from '../run/failures.ts';
import { replaceColumn } from './alterTable.ts';

/** ALTER TABLE … DROP CONSTRAINT. 3728 for a name that is none, 3725 when a foreign key needs it. */
export function dropConstraints(table: TableObject, names: readonly string[], ifExists: boolean): void {
  for (const name of names) if (!dropConstraint(table, name.toLowerCase()) && !ifExists) throw sqlError(3728, name);
}

function dropConstraint(table: TableObject, name: string): boolean {
  const key = table.keys.find((candidate) => candidate.name.toLowerCase() === name);
  if (key) {
    const user = table.referencedBy.find((foreignKey) => foreignKey.parentIndex === key.name);
    if (user) throw sqlError(3725, key.name, user.table.name, user.name);
    if (key.primary && table.captures.length > 0) throw sqlError(3729, 'ALTER TABLE DROP CONSTRAINT', key.name, 'cdc');
    table.keys = table.keys.filter((other) => other !== key);
    table.data.dropIndex(key.name);
    table.indexInfo.delete(key.name);
    return true;
  }
  const check = table.checks.find((candidate) => candidate.name.toLowerCase() === name);
  if (check) {
    table.checks = table.checks.filter((other) => other !== check);
    return true;
  }
  const foreignKey = table.foreignKeys.find((candidate) => candidate.name.toLowerCase() === name);
  if (foreignKey) {
    table.foreignKeys = table.foreignKeys.filter((other) => other !== foreignKey);
    foreignKey.parent.referencedBy = foreignKey.parent.referencedBy.filter((other) => other !== foreignKey);
    return true;
  }
  const at = table.columns.findIndex((column) => column.default?.name.toLowerCase() === name);
  if (at < 0) return false;
  replaceColumn(table, at, { ...table.columns[at]!, default: undefined });
  return true;
}

/** ALTER TABLE … DROP COLUMN: the values stay in the rows, nobody sees them. */
export function dropColumns(table: TableObject, names: readonly string[], ifExists: boolean): void {
  for (const name of names) {
    const at = table.columnAt(name);
    if (at < 0) {
      if (ifExists) continue;
      throw sqlError(4924, 'ALTER TABLE DROP COLUMN', name, table.name);
    }
    refuseUsed(table, at, name);
    replaceColumn(table, at, { ...table.columns[at]!, dropped: true, nullable: true });
    table.database.principals.permissions.removeColumn(table.id, name.toLowerCase());
    for (const capture of table.captures)
      for (const column of capture.columns) if (column.at === at) column.droppedFrom ??= table.database.log.append();
  }
}

function refuseUsed(table: TableObject, at: number, name: string): void {
  const column = table.columns[at]!;
  const indexes = table.data.indexes.filter((candidate) => candidate.columns.includes(at));
  const objects = [
    ...(column.default ? [column.default] : []),
    ...table.checks.filter((check) => check.columnAt === at),
    ...table.foreignKeys.filter((key) => key.columns.includes(at)),
    ...indexes.filter((index) => index.constraint),
  ];
  const users = [
    ...objects.map((object) => sqlError(5074, 'object', object.name, 'column', name)),
    ...indexes.filter((index) => !index.constraint).map((index) => sqlError(5074, 'index', index.name, 'column', name)),
  ];
  if (users.length > 0) throw precededBy(sqlError(4922, 'ALTER TABLE DROP COLUMN', name), users);
}
