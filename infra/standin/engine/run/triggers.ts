import type { Statement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import type { RowData } from '../../store/row.ts';
import { newTableObject } from '../ddl/storeTable.ts';
import type { ChangeEvent, DmlPlan, DmlResult } from '../dml/plan.ts';
import type { TableObject, Trigger } from '../model/tableObject.ts';
import { collectDeclarations } from './declarations.ts';
import { Execution } from './execution.ts';
import type { Unit } from './planCache.ts';
import type { Runner } from './runner.ts';
import { beginTransaction, commitTransaction, rollbackAll } from './sessionTransactions.ts';
import { NO_SINK } from './sink.ts';

const MAX_NESTING = 32;

function triggersFor(event: ChangeEvent): Trigger[] {
  return event.table.triggers.filter((trigger) => trigger.enabled && trigger.definition.events.includes(event.kind));
}

/**
 * Runs a change together with its AFTER triggers. In autocommit mode both get a transaction of their own, which is committed at the end
 * and rolled back by any error; 3609 when a trigger has ended the transaction itself.
 */
export async function fireTriggers(
  runner: Runner,
  statement: Statement,
  env: Execution,
  plan: DmlPlan,
): Promise<DmlResult> {
  const { session } = runner;
  const own = session.tx === null;
  // The client is not told: to it the statement is one of autocommit mode.
  if (own) beginTransaction(session, NO_SINK);
  try {
    const result = await runner.atomic(env, true, () => plan.run(env));
    const { rowCount } = session;
    for (const event of result.events)
      for (const trigger of triggersFor(event))
        if (!isRecursion(trigger, env)) await fire(runner, trigger, event, result.count, env, statement.line);
    session.rowCount = rowCount;
    if (session.tx === null) throw sqlError(3609);
    if (own) commitTransaction(session, NO_SINK);
    return result;
  } catch (error) {
    if (own) rollbackAll(session, NO_SINK);
    throw error;
  }
}

/** A trigger does not fire for its own changes unless the database says RECURSIVE_TRIGGERS ON. */
function isRecursion(trigger: Trigger, env: Execution): boolean {
  return env.module?.id === trigger.id && trigger.table.database.options.other.get('RECURSIVE_TRIGGERS') !== 'ON';
}

async function fire(
  runner: Runner,
  trigger: Trigger,
  event: ChangeEvent,
  count: number,
  caller: Execution,
  line: number,
): Promise<void> {
  const { session } = runner;
  if (caller.nestLevel >= MAX_NESTING) throw sqlError(217).at(line);
  const env = new Execution({
    session,
    module: {
      name: trigger.name,
      schema: trigger.schema.name,
      id: trigger.id,
      owner: trigger.schema.owner,
      database: trigger.table.database,
      lookupDatabase: trigger.table.database,
    },
    unit: unitOf(runner, trigger),
    nestLevel: caller.nestLevel + 1,
  });
  env.triggerTable = trigger.table;
  env.triggerLevel = caller.triggerLevel + 1;
  env.updatedColumns = event.columns;
  env.pseudoTables = new Map([
    ['inserted', pseudoTable(runner, 'inserted', trigger.table, event.inserted)],
    ['deleted', pseudoTable(runner, 'deleted', trigger.table, event.deleted)],
  ]);
  session.rowCount = count;
  const { inProcedure } = runner;
  const { xactAbort } = session.options;
  // XACT_ABORT is on by default inside triggers.
  session.options.xactAbort = true;
  runner.inProcedure = true;
  try {
    await runner.runList(env.unit.statements, env);
  } finally {
    session.options.xactAbort = xactAbort;
    runner.inProcedure = inProcedure;
  }
}

const units = new WeakMap<Trigger, Unit>();

function unitOf(runner: Runner, trigger: Trigger): Unit {
  const { session } = runner;
  let unit = units.get(trigger);
  if (!unit || unit.version !== session.server.schemaVersion) {
    const declared = new Map();
    collectDeclarations(trigger.definition.body, session, trigger.table.database, declared);
    unit = {
      statements: trigger.definition.body,
      declared,
      database: trigger.table.database,
      version: session.server.schemaVersion,
      plans: new Map(),
    };
    units.set(trigger, unit);
  }
  return unit;
}

/** The rows of inserted or deleted as a table without indexes. */
function pseudoTable(runner: Runner, name: string, table: TableObject, rows: readonly RowData[]): TableObject {
  const { transactions } = runner.session.server;
  const pseudo = newTableObject({
    id: 0,
    database: runner.session.server.tempdb,
    schema: table.schema,
    name,
    columns: table.columns.map((column) =>
      column.type.k === 'rowversion' ? { ...column, type: { k: 'binary', n: 8 } } : column,
    ),
    indexes: [],
    isVariable: true,
    nowMs: 0,
  });
  const tx = transactions.begin(runner.session.party);
  for (const row of rows) pseudo.data.insert(tx, row.slice());
  transactions.commit(tx);
  return pseudo;
}
