import type { ObjectName } from '../../sql/ast.ts';
import type { ModuleMode, Parameter } from '../../sql/astDdl.ts';
import type { Statement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import { resolveTypeRef } from '../compile/types.ts';
import type { Database } from '../model/database.ts';
import type { DatabaseObject } from '../model/modules.ts';
import type { Schema } from '../model/schema.ts';
import { compileQuery } from '../query/compileQuery.ts';
import { writtenName } from '../query/namedSource.ts';
import { computedColumnType } from '../run/declarations.ts';
import type { Execution } from '../run/execution.ts';
import type { Handler, Runner } from '../run/runner.ts';
import { buildTable } from './buildTable.ts';
import { databaseFor, requireAlter, requireCreate, schemaFor, tableFor } from './target.ts';

interface Place {
  readonly database: Database;
  readonly schema: Schema;
  /** The object to replace: ALTER, or CREATE OR ALTER of one that exists. */
  readonly existing: DatabaseObject | undefined;
}

/** Where a module goes, with the rules of CREATE, ALTER and CREATE OR ALTER: 2714, 208. */
function placeOf(
  runner: Runner,
  env: Execution,
  name: ObjectName,
  mode: ModuleMode,
  kind: DatabaseObject['kind'],
  permission: string,
): Place {
  const database = databaseFor(runner, env, name);
  const schema = schemaFor(runner, database, name);
  const existing = database.find(schema.name, name.name);
  if (existing && (mode === 'create' || existing.kind !== kind)) throw sqlError(2714, name.name);
  if (!existing && mode === 'alter') throw sqlError(208, writtenName(name));
  if (existing) requireAlter(runner, database, existing);
  else requireCreate(runner, database, permission);
  return { database, schema, existing };
}

function header(runner: Runner, place: Place, name: ObjectName) {
  const nowMs = runner.session.server.nowMs();
  return {
    id: place.database.nextObjectId(),
    schema: place.schema,
    name: name.name,
    createdMs: nowMs,
    modifiedMs: nowMs,
  };
}

const createProcedure: Handler<'createProcedure'> = (runner, statement, env) => {
  const place = placeOf(runner, env, statement.name, statement.mode, 'procedure', 'CREATE PROCEDURE');
  for (const parameter of statement.parameters) checkParameter(parameter, place.database);
  if (place.existing?.kind === 'procedure') {
    place.existing.definition = statement;
    place.existing.modifiedMs = runner.session.server.nowMs();
  } else place.database.add({ kind: 'procedure', ...header(runner, place, statement.name), definition: statement });
  runner.session.server.changed();
  return null;
};

/** The type must exist; 352 for a table without READONLY, 346 for another type with it. */
function checkParameter({ type, displayName, readonly }: Parameter, database: Database): void {
  if (type.k === 'user' && database.findType(type.name.schema ?? 'dbo', type.name.name)?.table) {
    if (!readonly) throw sqlError(352, displayName);
    return;
  }
  resolveTypeRef(type, database);
  if (readonly) throw sqlError(346, displayName);
}

/** 443 when a function would write to anything but its own table variables. */
function refuseWrites(statements: readonly Statement[]): void {
  for (const statement of statements) {
    if (statement.k === 'block') refuseWrites(statement.body);
    else if (statement.k === 'while') refuseWrites([statement.body]);
    else if (statement.k === 'if')
      refuseWrites(statement.otherwise ? [statement.body, statement.otherwise] : [statement.body]);
    else if (statement.k === 'insert' || statement.k === 'update' || statement.k === 'delete') {
      if (statement.target.k === 'table') throw sqlError(443, statement.k.toUpperCase()).at(statement.line);
    }
  }
}

const createFunction: Handler<'createFunction'> = (runner, statement, env) => {
  if (statement.returns.k === 'scalar') refuseWrites(statement.returns.body);
  const place = placeOf(runner, env, statement.name, statement.mode, 'function', 'CREATE FUNCTION');
  if (place.existing?.kind === 'function') {
    place.existing.definition = statement;
    place.existing.modifiedMs = runner.session.server.nowMs();
  } else place.database.add({ kind: 'function', ...header(runner, place, statement.name), definition: statement });
  runner.session.server.changed();
  return null;
};

const createView: Handler<'createView'> = (runner, statement, env) => {
  const place = placeOf(runner, env, statement.name, statement.mode, 'view', 'CREATE VIEW');
  const { orderBy, offset, body } = statement.query;
  if (orderBy.length > 0 && !offset && !(body.k === 'select' && body.top)) throw sqlError(1033);
  // A view's names are resolved at once.
  const columns = compileQuery(statement.query, runner.context(env), null, false).columns;
  const unnamed = columns.findIndex((column) => column.name === '');
  if (!statement.columns && unnamed >= 0) throw sqlError(4511, unnamed + 1);
  if (place.existing?.kind === 'view') {
    place.existing.definition = statement;
    place.existing.modifiedMs = runner.session.server.nowMs();
  } else place.database.add({ kind: 'view', ...header(runner, place, statement.name), definition: statement });
  runner.session.server.changed();
  return null;
};

const createTrigger: Handler<'createTrigger'> = (runner, statement, env) => {
  const table = tableFor(runner, env, statement.table, statement.line, 8197);
  requireAlter(runner, table.database, table);
  const name = { ...statement.name, schema: statement.name.schema ?? table.schema.name };
  const place = placeOf(runner, env, name, statement.mode, 'trigger', 'CREATE TABLE');
  if (place.existing) {
    table.triggers = table.triggers.filter((trigger) => trigger !== place.existing);
    place.database.remove(place.existing);
  }
  const trigger = {
    kind: 'trigger' as const,
    ...header(runner, place, name),
    definition: statement,
    table,
    enabled: true,
  };
  table.triggers.push(trigger);
  place.database.add(trigger);
  runner.session.server.changed();
  return null;
};

const createType: Handler<'createType'> = (runner, statement, env) => {
  const { session } = runner;
  const database = databaseFor(runner, env, statement.name);
  requireCreate(runner, database, 'CREATE TYPE');
  const schema = schemaFor(runner, database, statement.name);
  const { name } = statement.name;
  if (database.findType(schema.name, name)) throw sqlError(219, `${schema.name}.${name}`);
  const shared = { id: database.nextTypeId(), schema, name };
  if (statement.base) {
    const { type, name: baseName } = resolveTypeRef(statement.base, database);
    database.addType({ ...shared, base: type, baseName, nullable: statement.nullable });
  } else {
    const table = buildTable({
      database,
      typesFrom: database,
      schema,
      name,
      definition: statement.table!,
      isVariable: true,
      nowMs: session.server.nowMs(),
      computedType: (column, columns) => computedColumnType(column, columns, session, database),
    });
    database.addType({ ...shared, nullable: false, table });
  }
  session.server.changed();
  return null;
};

const createSequence: Handler<'createSequence'> = (runner, statement, env) => {
  const database = databaseFor(runner, env, statement.name);
  requireCreate(runner, database, 'CREATE SEQUENCE');
  const place = placeOf(runner, env, statement.name, 'create', 'sequence', 'CREATE SEQUENCE');
  const { options } = statement;
  const type = options.type ? resolveTypeRef(options.type, database).type : { k: 'bigint' as const };
  const increment = options.increment ?? 1n;
  const [min, max] = limitsOf(type.k);
  place.database.add({
    kind: 'sequence',
    ...header(runner, place, statement.name),
    type,
    increment,
    min: options.min ?? min,
    max: options.max ?? max,
    start: options.start ?? (increment > 0n ? (options.min ?? min) : (options.max ?? max)),
    cycle: options.cycle ?? false,
    last: null,
  });
  runner.session.server.changed();
  return null;
};

function limitsOf(kind: string): readonly [bigint, bigint] {
  if (kind === 'tinyint') return [0n, 255n];
  if (kind === 'smallint') return [-32768n, 32767n];
  if (kind === 'int') return [-2147483648n, 2147483647n];
  return [-(2n ** 63n), 2n ** 63n - 1n];
}

const alterSequence: Handler<'alterSequence'> = (runner, statement, env) => {
  const database = databaseFor(runner, env, statement.name);
  const sequence = database.find(schemaFor(runner, database, statement.name).name, statement.name.name);
  if (sequence?.kind !== 'sequence') throw sqlError(208, writtenName(statement.name));
  const { options, restart } = statement;
  sequence.increment = options.increment ?? sequence.increment;
  sequence.min = options.min ?? sequence.min;
  sequence.max = options.max ?? sequence.max;
  sequence.cycle = options.cycle ?? sequence.cycle;
  if (restart !== undefined) {
    sequence.start = restart ?? sequence.start;
    sequence.last = null;
  }
  return null;
};

const createSynonym: Handler<'createSynonym'> = (runner, statement, env) => {
  const place = placeOf(runner, env, statement.name, 'create', 'synonym', 'CREATE SYNONYM');
  place.database.add({ kind: 'synonym', ...header(runner, place, statement.name), target: statement.target });
  runner.session.server.changed();
  return null;
};

export const MODULE_STATEMENTS = {
  createProcedure,
  createFunction,
  createView,
  createTrigger,
  createType,
  createSequence,
  alterSequence,
  createSynonym,
};
