import { SecurityContext } from '../../security/securityContext.ts';
import type { ObjectName } from '../../sql/ast.ts';
import type { ExecuteArg } from '../../sql/astStatements.ts';
import { implicitConverter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import { CURRENT_COMMAND } from '../../tds/engineSession.ts';
import type { CallArgument } from './arguments.ts';
import { callProcedure } from './callProcedure.ts';
import { runDynamic } from './dynamicSql.ts';
import { evaluateAs, evaluateExpr } from './evaluate.ts';
import type { Execution } from './execution.ts';
import type { Handler, Runner } from './runner.ts';

const TEXT = { k: 'nvarchar', n: -1 } as const;

const execute: Handler<'execute'> = async (runner, statement, env) => {
  const name =
    statement.procedure.k === 'name'
      ? statement.procedure.name
      : parseName(String(env.variable(statement.procedure.variable).value ?? ''));
  const args: CallArgument[] = [];
  for (const arg of statement.args) args.push(await argument(runner, env, arg));
  const status = await callProcedure(runner, name, args, env);
  if (statement.returnTo) {
    const variable = env.variable(statement.returnTo);
    variable.value = implicitConverter({ k: 'int' }, variable.type)(status);
  }
  if (!runner.inProcedure) {
    runner.sink.emit({ kind: 'returnStatus', value: status });
    runner.sink.emit({ kind: 'done', scope: 'proc', currentCommand: CURRENT_COMMAND.execute });
  }
  return null;
};

/** A name of up to three parts, as text. */
export function parseName(text: string): ObjectName {
  const parts: string[] = [];
  const pattern = /\s*(?:\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|([^.[\]"]*))\s*(?:\.|$)/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw sqlError(2812, text);
    parts.push(match[1]?.replaceAll(']]', ']') ?? match[2]?.replaceAll('""', '"') ?? match[3]!.trim());
    if (!match[0].endsWith('.')) break;
  }
  const name = parts.pop() ?? '';
  return { name, schema: parts.pop() || undefined, database: parts.pop() || undefined };
}

async function argument(runner: Runner, env: Execution, arg: ExecuteArg): Promise<CallArgument> {
  const name = arg.name ?? '';
  const { value: expr } = arg;
  if (expr.k === 'default') return { name, type: TEXT, value: null, useDefault: true, output: null };
  if (expr.k === 'variable') {
    const variable = env.variable(expr.name);
    if (variable.table) return { name, type: TEXT, value: null, output: null, table: variable.table };
    const output: CallArgument['output'] = arg.output
      ? (value, type) => {
          variable.value = implicitConverter(type, variable.type)(value);
        }
      : null;
    return { name, type: variable.type, value: variable.value, output };
  }
  if (arg.output) throw sqlError(179);
  const { type, untypedNull, value } = evaluateExpr(runner, env, expr);
  return { name, type, untypedNull, value: await value, output: null };
}

const executeString: Handler<'executeString'> = async (runner, statement, env) => {
  const sql = String((await evaluateAs(runner, env, statement.sql, TEXT)) ?? '');
  await runDynamic(runner, sql, '', [], env);
  return null;
};

const executeAs: Handler<'executeAs'> = async (runner, statement, env) => {
  const { session } = runner;
  const name = statement.name ? String(await evaluateAs(runner, env, statement.name, TEXT)) : '';
  if (statement.kind === 'caller') return null;
  const { logins } = session.server;
  if (statement.kind === 'login') {
    if (!logins.find(name)) throw sqlError(15406, name);
    if (!session.security.isSysadmin) throw sqlError(15406, name);
    session.impersonate(session.server.contextFor(name, session.database));
    return null;
  }
  const user = session.database.principals.find(name);
  if (user?.kind !== 'user') throw sqlError(15517, name);
  const allowed = session.security.isOwner || session.security.has('IMPERSONATE', { class: 'USER', id: user.id });
  if (!allowed) throw sqlError(15517, name);
  session.impersonate(
    new SecurityContext(logins, user.login ?? session.security.login, user.name, session.database, false),
  );
  return null;
};

const revert: Handler<'revert'> = (runner) => {
  runner.session.revertTo(runner.session.impersonationDepth - 1);
  return null;
};

export const EXECUTE_STATEMENTS = { execute, executeString, executeAs, revert };
