import type { StatementKind } from '../../sql/astStatements.ts';
import type { Handler } from '../run/runner.ts';
import { alterTable } from './alterTable.ts';
import { DATABASE_STATEMENTS } from './databaseStatements.ts';
import { drop } from './drop.ts';
import { MODULE_STATEMENTS } from './moduleStatements.ts';
import { PERMISSION_STATEMENTS } from './permissionStatements.ts';
import { SECURITY_STATEMENTS } from './securityStatements.ts';
import { TABLE_STATEMENTS } from './tableStatements.ts';
import { outsideTransactions, undoable } from './undoable.ts';

const { createDatabase, alterDatabase } = DATABASE_STATEMENTS;
const dropUndoably = undoable(drop);
const dropDatabase = outsideTransactions('DROP DATABASE', drop);

/** Statements that define something. ROLLBACK takes them back, but those of databases and logins, and those outside transactions. */
export const DDL_STATEMENTS = {
  ...allUndoable(TABLE_STATEMENTS),
  ...allUndoable(MODULE_STATEMENTS),
  ...allUndoable(SECURITY_STATEMENTS),
  ...allUndoable(PERMISSION_STATEMENTS),
  createDatabase: outsideTransactions('CREATE DATABASE', createDatabase),
  alterDatabase: outsideTransactions('ALTER DATABASE', alterDatabase),
  alterTable: undoable(alterTable),
  drop: ((runner, statement, env) =>
    (statement.object === 'DATABASE' ? dropDatabase : dropUndoably)(runner, statement, env)) as Handler<'drop'>,
};

function allUndoable<S extends object>(statements: S): S {
  return Object.fromEntries(
    Object.entries(statements).map(([kind, handler]) => [kind, undoable(handler as Handler<StatementKind>)]),
  ) as S;
}
