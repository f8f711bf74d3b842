import { SecurityContext } from '../../security/securityContext.ts';
import type { ObjectName } from '../../sql/ast.ts';
import type { ModuleExecuteAs, Parameter } from '../../sql/astDdl.ts';
import type { Statement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Database } from '../model/database.ts';
import type { Procedure } from '../model/modules.ts';
import { findSystemProcedure } from '../procs/registry.ts';
import { writtenName } from '../query/namedSource.ts';
import { checkAccesses } from './access.ts';
import { bindArguments, type CallArgument } from './arguments.ts';
import { Execution } from './execution.ts';
import { Cancelled, ScopeAborted } from './failures.ts';
import { type Awaitable, chain, type Flow, lastly, rescue } from './flow.ts';
import type { Runner } from './runner.ts';
import type { SessionState } from './sessionState.ts';
import { changeDatabase } from './sessionStatements.ts';
import { moduleUnit } from './units.ts';

const MAX_NESTING = 32;
/** Return status of a procedure that was ended by an error. */
const FAILED_STATUS = -6;

/** Calls a procedure by name: a system procedure, or one of the database. Returns its return status. 2812 when there is none. */
export function callProcedure(
  runner: Runner,
  name: ObjectName,
  args: readonly CallArgument[],
  caller: Execution,
): Awaitable<number> {
  const { session } = runner;
  const system = findSystemProcedure(name);
  if (system) {
    const before = session.database;
    const target = name.database ? session.server.findDatabase(name.database) : before;
    if (!target) throw sqlError(2812, writtenName(name));
    return system.call({ runner, session, database: target, caller }, args);
  }
  const database = name.database ? session.server.findDatabase(name.database) : caller.database;
  const procedure = database && findProcedure(session, database, name);
  if (!database || procedure?.kind !== 'procedure') throw sqlError(2812, writtenName(name));
  if (caller.nestLevel >= MAX_NESTING) throw sqlError(217);
  checkAccesses(caller, [{ permission: 'EXECUTE', database, object: procedure, columns: null }]);
  return runProcedure(runner, procedure, database, args, caller);
}

function findProcedure(session: SessionState, database: Database, name: ObjectName) {
  if (name.schema) return database.find(name.schema, name.name);
  return database.find(session.defaultSchema, name.name) ?? database.find('dbo', name.name);
}

function runProcedure(
  runner: Runner,
  procedure: Procedure,
  database: Database,
  args: readonly CallArgument[],
  caller: Execution,
): Awaitable<number> {
  const { session } = runner;
  const { definition } = procedure;
  const env = new Execution({
    session,
    module: {
      name: procedure.name,
      schema: procedure.schema.name,
      id: procedure.id,
      owner: procedure.schema.owner,
      database,
      lookupDatabase: database,
    },
    unit: moduleUnit(session, procedure, database),
    nestLevel: caller.nestLevel + 1,
  });
  const bound = bindArguments(env, definition.parameters, args, procedure.name);
  const count = session.tranCount;
  const ended = inModule(runner, definition.executeAs, procedure.schema.owner, database, () =>
    rescue(
      () => chain(runner.runList(definition.body, env), returnStatus),
      (error) => {
        if (error instanceof ScopeAborted && error.execution === env) return FAILED_STATUS;
        throw error;
      },
    ),
  );
  return chain(ended, (status) => {
    returnOutputs(env, definition.parameters, bound);
    if (session.tranCount !== count) throw sqlError(266, count, session.tranCount);
    return status;
  });
}

/** Runs the statements of a dynamic batch; an error that ends just its scope ends here. */
export function runScope(runner: Runner, statements: readonly Statement[], env: Execution): Awaitable<void> {
  return rescue<void>(
    () => chain(runner.runList(statements, env), () => {}),
    (error) => {
      if (!(error instanceof ScopeAborted && error.execution === env)) throw error;
    },
  );
}

function returnStatus(flow: Flow): number {
  return flow?.k === 'return' && typeof flow.value === 'number' ? flow.value : 0;
}

/** Hands the values of OUTPUT parameters to the caller. */
export function returnOutputs(
  env: Execution,
  parameters: readonly Parameter[],
  bound: ReadonlyMap<string, CallArgument>,
): void {
  for (const parameter of parameters) {
    // Looking a variable up makes it: a parameter nobody used has its NULL to return.
    const { type, value } = env.variable(parameter.name);
    if (parameter.output) bound.get(parameter.name)?.output?.(value, type);
  }
}

/** Runs the body of a module with what ends with it: SET options, temp tables, impersonation. */
export function inModule<T>(
  runner: Runner,
  executeAs: ModuleExecuteAs | undefined,
  owner: string,
  database: Database,
  body: () => Awaitable<T>,
): Awaitable<T> {
  const { session } = runner;
  const { options } = session;
  const { inProcedure } = runner;
  const depth = session.impersonationDepth;
  const databaseBefore = session.database.name;
  session.options = { ...options, flags: new Set(options.flags) };
  session.temps.push(new Map());
  runner.inProcedure = true;
  const user = executeAs && impersonated(executeAs, owner);
  if (user)
    session.impersonate(new SecurityContext(session.server.logins, session.security.login, user, database, false));
  const cancellable = (): Awaitable<T> =>
    rescue(body, (error) => {
      if (error instanceof Cancelled && session.options.xactAbort) error.rollsBack = true;
      throw error;
    });
  return lastly(cancellable, () => {
    session.revertTo(depth);
    session.temps.pop();
    session.options = options;
    runner.inProcedure = inProcedure;
    if (session.database.name !== databaseBefore) changeDatabase(runner, databaseBefore);
  });
}

function impersonated(executeAs: ModuleExecuteAs, owner: string): string | null {
  if (executeAs.k === 'caller') return null;
  return executeAs.k === 'user' ? executeAs.name : owner;
}
