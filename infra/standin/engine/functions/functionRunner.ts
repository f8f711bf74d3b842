import type { SqlValue } from '../../sql/values.ts';
import type { Database } from '../model/database.ts';
import type { UserFunction } from '../model/modules.ts';
import type { Execution } from '../run/execution.ts';

/** Runs the body of a scalar function within the statement that calls it; arguments are of the parameters' types, in order. */
export type FunctionRunner = (
  caller: Execution,
  definition: UserFunction,
  database: Database,
  args: readonly SqlValue[],
) => SqlValue;

/**
 * Where expressions find the runner of function bodies: set once by the server. Imported directly it would close a circle of modules,
 * since statements are made of expressions.
 */
export const functionRunner: { run: FunctionRunner } = {
  run: () => {
    throw new Error('no function runner is installed');
  },
};
