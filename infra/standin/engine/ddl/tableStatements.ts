import type { ObjectName } from '../../sql/ast.ts';
import type { TableDefinition } from '../../sql/astDdl.ts';
import { sqlError } from '../../sql/errors.ts';
import type { TableObject } from '../model/tableObject.ts';
import { computedColumnType } from '../run/declarations.ts';
import type { Execution } from '../run/execution.ts';
import type { Handler, Runner } from '../run/runner.ts';
import { buildTable, positionOf } from './buildTable.ts';
import { addForeignKeys } from './foreignKeys.ts';
import { databaseFor, requireAlter, requireCreate, schemaFor, tableChanged, tableFor } from './target.ts';

const createTable: Handler<'createTable'> = (runner, statement, env) => {
  defineTable(runner, env, statement.name, statement.definition);
  return null;
};

/** Makes a table or temp table and puts it in its place; 2714 when the name is taken. */
function defineTable(runner: Runner, env: Execution, name: ObjectName, definition: TableDefinition): TableObject {
  const { session } = runner;
  const { server } = session;
  const isTemp = name.name.startsWith('#');
  const database = isTemp ? server.tempdb : databaseFor(runner, env, name);
  if (!isTemp) requireCreate(runner, database, 'CREATE TABLE');
  const schema = isTemp ? database.schemas.get('dbo')! : schemaFor(runner, database, name);
  const taken = isTemp ? takenTemp(runner, name.name) : database.find(schema.name, name.name) !== undefined;
  if (taken) throw sqlError(2714, name.name);
  const table = buildTable({
    database,
    typesFrom: env.database,
    schema,
    name: name.name,
    definition,
    isVariable: false,
    nowMs: server.nowMs(),
    computedType: (column, columns) => computedColumnType(column, columns, session, env.database),
  });
  if (isTemp) {
    placeTemp(runner, table);
    return table;
  }
  database.add(table);
  try {
    addForeignKeys(table, definition.constraints, database, session.defaultSchema);
  } catch (error) {
    database.remove(table);
    throw error;
  }
  server.changed();
  // Until the transaction ends, others wait for the table.
  if (session.tx) table.data.locks.lockTable(session.tx, 'X');
  return table;
}

function takenTemp(runner: Runner, name: string): boolean {
  const key = name.toLowerCase();
  const { session } = runner;
  return key.startsWith('##') ? session.server.globalTemps.has(key) : session.temps.at(-1)!.has(key);
}

/** Temp tables belong to the procedure that makes them, or to the connection. */
function placeTemp(runner: Runner, table: TableObject): void {
  const key = table.name.toLowerCase();
  const { session } = runner;
  if (key.startsWith('##')) session.server.globalTemps.set(key, table);
  else session.temps.at(-1)!.set(key, table);
}

const createIndex: Handler<'createIndex'> = (runner, statement, env) => {
  const table = tableFor(runner, env, statement.table, statement.line, 1088);
  requireAlter(runner, table.database, table);
  if (table.data.indexes.some((index) => index.name.toLowerCase() === statement.name.toLowerCase()))
    throw sqlError(1913, statement.name, table.qualifiedName);
  const clustered = table.data.indexes.find((index) => index.clustered);
  if (statement.clustered && clustered) throw sqlError(1902, table.name, clustered.name);
  const index = {
    name: statement.name,
    columns: statement.columns.map((column) => positionOf(table.columns, column.name)),
    unique: statement.unique,
    primary: false,
    constraint: false,
    clustered: statement.clustered,
  };
  try {
    table.data.addIndex(index);
  } catch (error) {
    throw duplicateInIndex(error, table, statement.name);
  }
  table.indexInfo.set(statement.name, {
    name: statement.name,
    descending: statement.columns.map((column) => column.descending),
    included: statement.include.map((name) => positionOf(table.columns, name)),
  });
  tableChanged(runner, table);
  return null;
};

/** CREATE UNIQUE INDEX over duplicates is 1505. */
export function duplicateInIndex(error: unknown, table: TableObject, index: string): unknown {
  if (!(error instanceof Error) || !('number' in error) || (error.number !== 2601 && error.number !== 2627))
    return error;
  const key = /\((.*)\)\.$/.exec(error.message)?.[1] ?? '';
  return sqlError(1505, table.qualifiedName, index, `(${key})`);
}

const dropIndex: Handler<'dropIndex'> = (runner, statement, env) => {
  for (const { name, table: tableName } of statement.indexes) {
    const table = tableFor(runner, env, tableName, statement.line, 3701);
    requireAlter(runner, table.database, table);
    const index = table.data.indexes.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!index) {
      if (statement.ifExists) continue;
      throw sqlError(3701, 'index', `${table.qualifiedName}.${name}`);
    }
    if (index.constraint)
      throw sqlError(3723, `${table.qualifiedName}.${name}`, index.primary ? 'PRIMARY KEY' : 'UNIQUE KEY');
    table.data.dropIndex(index.name);
    table.indexInfo.delete(index.name);
    tableChanged(runner, table);
  }
  return null;
};

export const TABLE_STATEMENTS = { createTable, createIndex, dropIndex };
