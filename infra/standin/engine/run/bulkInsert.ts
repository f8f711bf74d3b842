import { sqlError } from '../../sql/errors.ts';
import { type BulkLoad, CURRENT_COMMAND } from '../../tds/engineSession.ts';
import { insertRowsInto, shapeFor } from '../dml/insertShape.ts';
import { writeTarget } from '../dml/target.ts';
import { checkAccesses } from './access.ts';
import type { Execution } from './execution.ts';
import { chain } from './flow.ts';
import type { Runner } from './runner.ts';

/** INSERT BULK: checks the statement, and inserts the rows when they are there. Identity values come with KEEP_IDENTITY only. */
export async function runInsertBulk(runner: Runner, env: Execution, load: BulkLoad | null): Promise<void> {
  const [statement] = env.unit.statements;
  if (statement?.k !== 'insertBulk') throw sqlError(102, 'INSERT BULK');
  const context = runner.context(env);
  const target = writeTarget(
    { k: 'table', name: statement.table, hints: [], line: statement.line },
    'INSERT',
    null,
    context,
  );
  checkAccesses(env, context.accesses);
  if (!load) return;
  const { session } = runner;
  const names = load.columns.map((column) => column.name);
  const shape = shapeFor(target, names, load.columns, false);
  const { identityInsert } = session;
  if (shape.explicitIdentity) session.identityInsert = target.table;
  try {
    const result = runner.atomic(env, true, () => insertRowsInto(env, shape, load.rows).rows.length);
    await chain(result, (count) => runner.done(CURRENT_COMMAND.bulkInsert, count));
  } finally {
    session.identityInsert = identityInsert;
  }
}
