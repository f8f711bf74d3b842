import type { RowData } from '../../store/row.ts';
import type { Execution } from '../run/execution.ts';
import { StatementState } from '../run/statementState.ts';
import { type InsertShape, insertRowsInto } from './insertShape.ts';

/** Fills the table of a table-valued parameter, outside any statement. */
export function buildGivenRows(env: Execution, shape: InsertShape, rows: readonly RowData[]): void {
  const { transactions } = env.session.server;
  const tx = transactions.begin(env.session.party);
  const outer = env.statement;
  env.statement = new StatementState(transactions, tx, 'readCommitted');
  let succeeded = false;
  try {
    insertRowsInto(env, shape, rows);
    succeeded = true;
  } finally {
    env.statement.close(succeeded);
    env.statement = outer;
    transactions.commit(tx);
  }
}
