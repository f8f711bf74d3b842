import { bindArguments, type CallArgument } from './arguments.ts';
import { inModule, returnOutputs, runScope } from './callProcedure.ts';
import { Execution } from './execution.ts';
import type { Runner } from './runner.ts';
import { missingFrom, textUnit } from './units.ts';

/** Runs a text as EXEC('…') and sp_executesql do: its own scope, no ownership chain. Returns @@ERROR's meaning: 0 or an error number. */
export async function runDynamic(
  runner: Runner,
  sql: string,
  declarations: string,
  args: readonly CallArgument[],
  caller: Execution,
): Promise<number> {
  const { session } = runner;
  const { unit, parameters } = textUnit(session, sql, declarations);
  const env = new Execution({ session, module: null, unit, nestLevel: caller.nestLevel + 1 });
  const bound = bindArguments(env, parameters, args, 'sp_executesql', missingFrom(sql, declarations));
  await inModule(runner, undefined, 'dbo', session.database, () => runScope(runner, unit.statements, env));
  returnOutputs(env, parameters, bound);
  return session.error;
}
