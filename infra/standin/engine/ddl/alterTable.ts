import { recordDdl } from '../../cdc/ddlHistory.ts';
import type { AlterTableAction } from '../../sql/astDdl.ts';
import { findCollation } from '../../sql/collation.ts';
import { converter } from '../../sql/convert.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { setTableTracking } from '../../tracking/trackingStatements.ts';
import { resolveTypeRef } from '../compile/types.ts';
import { compiledTable } from '../dml/compiledTable.ts';
import { checkParents } from '../dml/foreignKeys.ts';
import { checkViolated } from '../dml/writeRows.ts';
import type { Column } from '../model/columns.ts';
import type { ForeignKey, TableObject } from '../model/tableObject.ts';
import { newFrame } from '../query/frame.ts';
import { computedColumnType } from '../run/declarations.ts';
import type { Execution } from '../run/execution.ts';
import { precededBy } from '../run/failures.ts';
import type { Awaitable } from '../run/flow.ts';
import { chain } from '../run/flow.ts';
import type { Handler, Runner } from '../run/runner.ts';
import { dropColumns, dropConstraints } from './alterDrop.ts';
import { buildChecks, buildColumn, buildKey } from './buildTable.ts';
import { addForeignKeys } from './foreignKeys.ts';
import { generatedName } from './names.ts';
import { duplicateInIndex } from './tableStatements.ts';
import { requireAlter, tableChanged, tableFor } from './target.ts';

export const alterTable: Handler<'alterTable'> = (runner, statement, env) => {
  const table = tableFor(runner, env, statement.table, statement.line);
  requireAlter(runner, table.database, table);
  const { action } = statement;
  const column = (): Column | undefined =>
    action.k === 'alterColumn' ? table.columns[table.columnAt(action.name)] : undefined;
  // Waits for those who work in the table, as the schema modification lock does.
  const locked = runner.atomic(env, true, () => table.data.locks.lockTable(env.statement.tx, 'X'));
  return chain(locked, () => {
    const before = column();
    return chain(alter(runner, env, table, action), () => {
      tableChanged(runner, table);
      recordDdl(runner.session.server, table, runner.session.lastBatch, before, column());
      return null;
    });
  });
};

function alter(runner: Runner, env: Execution, table: TableObject, action: AlterTableAction): Awaitable<void> {
  switch (action.k) {
    case 'add':
      return add(runner, env, table, action);
    case 'drop':
      if (table.data.tracking && table.keys.some((key) => key.primary && isNamed(key.name, action.constraints)))
        if (action.constraints.length > 0)
          throw unsupported('Dropping the primary key of a table with change tracking');
      dropConstraints(table, action.constraints, action.ifExists);
      dropColumns(table, action.columns, action.ifExists);
      return;
    case 'alterColumn':
      alterColumn(env, table, action);
      return;
    case 'enableConstraints':
      enableConstraints(table, action.enable, action.names, action.noCheck);
      return;
    case 'changeTracking':
      setTableTracking(runner, table, action.enable, action.tracksColumns);
      return;
    case 'enableTriggers':
      for (const trigger of table.triggers) if (isNamed(trigger.name, action.names)) trigger.enabled = action.enable;
  }
}

function isNamed(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.some((wanted) => wanted.toLowerCase() === name.toLowerCase());
}

function enableConstraints(table: TableObject, enable: boolean, names: readonly string[], noCheck: boolean): void {
  for (const constraint of [...table.checks, ...table.foreignKeys]) {
    if (!isNamed(constraint.name, names)) continue;
    constraint.enabled = enable;
    constraint.trusted = enable && !noCheck;
  }
}

function add(
  runner: Runner,
  env: Execution,
  table: TableObject,
  action: Extract<AlterTableAction, { k: 'add' }>,
): Awaitable<void> {
  const { definition } = action;
  const { database } = table;
  for (const column of definition.columns) addColumn(runner, env, table, column);
  for (const constraint of definition.constraints) {
    if (constraint.k === 'primaryKey' || constraint.k === 'unique') {
      if (constraint.k === 'primaryKey' && table.primaryKey) throw sqlError(1779, table.name);
      const { key, index } = buildKey(constraint, table.columns, table.name, database);
      const clustered = index.clustered && table.data.isHeap;
      try {
        table.data.addIndex({ ...index, clustered });
      } catch (error) {
        throw duplicateInIndex(error, table, index.name);
      }
      table.keys.push(key);
      table.indexInfo.set(index.name, {
        name: index.name,
        descending: constraint.columns.map((column) => column.descending),
        included: [],
      });
    } else if (constraint.k === 'default') addDefault(table, constraint);
  }
  const checks = buildChecks(definition.constraints, table.columns, table.name, database);
  table.checks.push(...checks);
  table.compiled = null;
  const keys = addForeignKeys(table, definition.constraints, database, runner.session.defaultSchema);
  if (action.noCheck) {
    for (const constraint of [...checks, ...keys]) constraint.trusted = false;
    return;
  }
  return validate(runner, env, table, checks, keys);
}

/** Existing rows must satisfy new constraints (547); otherwise these are taken away again. */
function validate(
  runner: Runner,
  env: Execution,
  table: TableObject,
  checks: readonly TableObject['checks'][number][],
  keys: readonly ForeignKey[],
): Awaitable<void> {
  if (checks.length === 0 && keys.length === 0) return;
  const undo = (error: unknown): never => {
    table.checks = table.checks.filter((check) => !checks.includes(check));
    table.foreignKeys = table.foreignKeys.filter((key) => !keys.includes(key));
    for (const key of keys) key.parent.referencedBy = key.parent.referencedBy.filter((other) => other !== key);
    table.compiled = null;
    throw error;
  };
  try {
    const result = runner.atomic(env, false, () => {
      const rows = [...table.data.rows()];
      for (const key of keys) checkParents(env, key, rows, 'ALTER TABLE');
      const compiled = compiledTable(table, runner.session).checks.filter(({ constraint }) =>
        checks.includes(constraint),
      );
      const f = newFrame(env, null, 1);
      for (const data of rows) {
        f.rows[0] = data;
        for (const { constraint, test } of compiled)
          if (test(f) === false) throw checkViolated(table, constraint.name, constraint.columnAt, 'ALTER TABLE');
      }
    });
    return result instanceof Promise ? result.catch(undo) : result;
  } catch (error) {
    return undo(error);
  }
}

function addColumn(
  runner: Runner,
  env: Execution,
  table: TableObject,
  definition: Parameters<typeof buildColumn>[0],
): void {
  const { session } = runner;
  if (table.columnAt(definition.name) >= 0) throw sqlError(2705, definition.name, table.qualifiedName);
  const column = buildColumn(
    definition,
    table.columns,
    {
      database: table.database,
      typesFrom: env.database,
      name: table.name,
      computedType: (computed, before) => computedColumnType(computed, before, session, env.database),
    },
    false,
  );
  if (column.identity || column.type.k === 'rowversion') {
    if (table.data.rowCount > 0) throw sqlError(4901, column.name, table.name);
  } else if (!column.nullable && !column.default && !column.computed && table.data.rowCount > 0)
    throw sqlError(4901, column.name, table.name);
  table.columns = [...table.columns, column];
  table.data.columns.push(column);
  table.compiled = null;
  const at = table.columns.length - 1;
  const compiled = compiledTable(table, session);
  const computed = compiled.computed.find((candidate) => candidate.at === at);
  const f = newFrame(env, null, 1);
  // A nullable column gets NULL in the rows that are there, a NOT NULL one its default.
  const initial = column.nullable || computed ? null : (compiled.defaults[at]?.eval(f) ?? null);
  table.data.rewrite((data) => {
    const copy = data.slice();
    f.rows[0] = copy;
    copy[at] = computed ? computed.value.eval(f) : initial;
    return copy;
  });
}

function addDefault(
  table: TableObject,
  constraint: {
    readonly name?: string | undefined;
    readonly column: string;
    readonly text: string;
    readonly expr: NonNullable<Column['default']>['expr'];
  },
): void {
  const at = table.columnAt(constraint.column);
  if (at < 0) throw sqlError(1752, constraint.column, table.name);
  const column = table.columns[at]!;
  if (column.default) throw sqlError(1781);
  replaceColumn(table, at, {
    ...column,
    default: {
      id: table.database.nextObjectId(),
      name: constraint.name ?? generatedName('DF', table.name, column.name),
      text: constraint.text,
      expr: constraint.expr,
      generated: constraint.name === undefined,
    },
  });
}

export function replaceColumn(table: TableObject, at: number, column: Column): void {
  table.columns = table.columns.map((other, i) => (i === at ? column : other));
  table.data.columns[at] = column;
  table.compiled = null;
}

function alterColumn(
  env: Execution,
  table: TableObject,
  action: Extract<AlterTableAction, { k: 'alterColumn' }>,
): void {
  const at = table.columnAt(action.name);
  if (at < 0) throw sqlError(4924, 'ALTER TABLE ALTER COLUMN', action.name, table.name);
  const column = table.columns[at]!;
  if (column.computed) throw sqlError(4928, action.name, 'COMPUTED');
  if (column.type.k === 'rowversion') throw sqlError(4928, action.name, 'timestamp');
  const indexed = table.data.indexes.filter((index) => index.columns.includes(at));
  const { type, name } = resolveTypeRef(action.type, env.database);
  if (indexed.some((index) => index.constraint) && type.k !== column.type.k)
    throw precededBy(sqlError(4922, 'ALTER TABLE ALTER COLUMN', action.name), [
      sqlError(5074, 'object', indexed[0]!.name, 'column', action.name),
    ]);
  const nullable = action.nullable ?? true;
  const convert = converter(column.type, type);
  const rows = [...table.data.rows()];
  if (!nullable && rows.some((data) => (data[at] ?? null) === null))
    throw sqlError(515, column.name, `${table.database.name}.${table.qualifiedName}`, 'UPDATE');
  for (const data of rows) fits(convert(data[at] ?? null), data[at] ?? null, table, column);
  table.data.rewrite((data) => {
    const copy = data.slice();
    copy[at] = convert(copy[at] ?? null);
    return copy;
  });
  const collation = action.collation ? findCollation(action.collation) : column.collation;
  replaceColumn(table, at, { ...column, type, typeName: name, nullable, collation });
  for (const index of indexed) {
    const { name: indexName, columns, unique, primary, constraint, clustered } = index;
    table.data.dropIndex(indexName);
    table.data.addIndex({ name: indexName, columns, unique, primary, constraint, clustered });
  }
}

/** Text that a narrower column would cut is 2628. */
function fits(converted: unknown, before: unknown, table: TableObject, column: Column): void {
  if (typeof converted !== 'string' || typeof before !== 'string') return;
  if (converted.trimEnd().length < before.trimEnd().length)
    throw sqlError(2628, `${table.database.name}.${table.qualifiedName}`, column.name, converted);
}
