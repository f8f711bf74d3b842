import type { RowData } from '../../store/row.ts';
import { CURRENT_COMMAND } from '../../tds/engineSession.ts';
import type { OutputColumn } from '../query/queryPlan.ts';
import type { Awaitable, Flow } from './flow.ts';
import type { Runner } from './runner.ts';
import { doneScope } from './sink.ts';

/** Rows of one `rows` event. */
export const ROWS_PER_EVENT = 200;

/** Sends rows a slice at a time, waiting while the client is behind. */
async function sendSlices(runner: Runner, rows: readonly RowData[]): Promise<void> {
  for (let at = 0; at < rows.length && !runner.signal.aborted; at += ROWS_PER_EVENT) {
    runner.sink.emit({ kind: 'rows', rows: rows.slice(at, at + ROWS_PER_EVENT) });
    if (runner.sink.full) await runner.sink.drained();
  }
}

/** Sends a result set that is complete. */
export function sendAll(runner: Runner, columns: readonly OutputColumn[], rows: readonly RowData[]): Awaitable<Flow> {
  runner.sink.emit({ kind: 'columns', columns });
  if (rows.length > ROWS_PER_EVENT)
    return sendSlices(runner, rows).then(() => {
      selectDone(runner, rows.length);
      return null;
    });
  if (rows.length > 0) runner.sink.emit({ kind: 'rows', rows });
  selectDone(runner, rows.length);
  return null;
}

/** Tells the end of a result set. */
export function selectDone(runner: Runner, count: number, currentCommand: number = CURRENT_COMMAND.select): void {
  runner.succeeded(count);
  const scope = doneScope(runner.inProcedure);
  if (runner.session.options.noCount) runner.sink.emit({ kind: 'done', scope, currentCommand, noCount: true });
  else runner.sink.emit({ kind: 'done', scope, currentCommand, rowCount: count });
}

/** Sends the rows of a result set whose columns were sent. */
export function sendRowsOf(runner: Runner, rows: readonly RowData[]): Awaitable<void> {
  if (rows.length > ROWS_PER_EVENT) return sendSlices(runner, rows);
  if (rows.length > 0) runner.sink.emit({ kind: 'rows', rows });
}
