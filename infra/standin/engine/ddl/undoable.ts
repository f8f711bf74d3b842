import type { ObjectName } from '../../sql/ast.ts';
import type { StatementKind, StatementOf } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import { shapeOf } from '../../store/tableShape.ts';
import type { Database } from '../model/database.ts';
import { definitionsOf, entriesOf } from '../model/definitionImage.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { Execution } from '../run/execution.ts';
import { type Awaitable, chain } from '../run/flow.ts';
import type { Handler, Runner } from '../run/runner.ts';
import { beginTransaction } from '../run/sessionTransactions.ts';

/**
 * Definitions inside a transaction: ROLLBACK, also to a savepoint, takes them back. Before each statement the definitions of its database are
 * noted, and the database is locked for definitions to the end of the transaction, so that no other session's are taken back with them.
 */

/** Calls `define` after what it may change has been noted. */
export function undoably<T>(
  runner: Runner,
  env: Execution,
  database: Database,
  table: TableObject | null,
  define: () => Awaitable<T>,
): Awaitable<T> {
  const { session } = runner;
  if (session.doomed) throw sqlError(3930);
  if (session.tx === null && session.options.implicitTransactions) beginTransaction(session, runner.sink);
  const inside = session.tx !== null;
  const locks = database.definitionLocks;
  const locked = runner.atomic(
    env,
    false,
    () => {
      const { tx } = env.statement;
      if (database.isTemp) return;
      if (inside) locks.lockTable(tx, 'X');
      else locks.assertReadable(tx);
    },
    false,
  );
  return chain(locked, () => {
    if (inside) noteDefinitions(runner, database, table);
    return define();
  });
}

function noteDefinitions({ session }: Runner, database: Database, table: TableObject | null): void {
  const { server, tx } = session;
  const steps = [table ? shapeOf(table.data) : () => undefined];
  if (database.isTemp) steps.push(entriesOf(session.temps.at(-1)!), entriesOf(server.globalTemps));
  steps.push(definitionsOf(database));
  tx!.noteDefinition(() => {
    for (const step of steps) step();
    if (table) {
      table.compiled = null;
      table.definedAtSeq = server.transactions.nextSeq();
    }
    server.changed();
    server.securityChanged();
  });
}

/** A definition statement that a transaction can take back. */
export function undoable<K extends StatementKind>(handler: Handler<K>): Handler<K> {
  return (runner, statement, env) => {
    const name = nameIn(statement);
    const { database, table } = placeOf(runner, env, name);
    return undoably(runner, env, database, table, () => handler(runner, statement, env));
  };
}

/** CREATE, ALTER and DROP DATABASE: 226 inside a transaction. */
export function outsideTransactions<K extends StatementKind>(what: string, handler: Handler<K>): Handler<K> {
  return (runner, statement, env) => {
    if (runner.session.tx !== null) throw sqlError(226, what);
    return handler(runner, statement, env);
  };
}

/** The first name of a statement: of the object it defines, or of the table it changes. */
function nameIn(statement: StatementOf<StatementKind>): ObjectName | null {
  const parts = statement as unknown as Record<string, unknown>;
  for (const key of ['table', 'name', 'names', 'indexes']) {
    let value = parts[key];
    if (Array.isArray(value)) value = value[0];
    if (isName((value as { table?: unknown })?.table)) value = (value as { table: unknown }).table;
    if (isName(value)) return value;
  }
  return null;
}

function isName(value: unknown): value is ObjectName {
  return typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string';
}

/** Where that name is, and the table of that name if there is one. */
function placeOf(
  runner: Runner,
  env: Execution,
  name: ObjectName | null,
): { readonly database: Database; readonly table: TableObject | null } {
  const { session } = runner;
  if (!name) return { database: env.database, table: null };
  if (name.name.startsWith('#'))
    return { database: session.server.tempdb, table: session.findTemp(name.name.toLowerCase()) ?? null };
  const database = (name.database ? session.server.findDatabase(name.database) : undefined) ?? env.database;
  const found =
    database.findTable(name.schema || session.defaultSchema, name.name) ?? database.findTable('dbo', name.name);
  return { database, table: found ?? null };
}
