import type { InsertStatement, Statement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import type { RowData } from '../../store/row.ts';
import { CURRENT_COMMAND, type EngineEvent, type ResultColumn } from '../../tds/engineSession.ts';
import { insertResultSet } from '../dml/insert.ts';
import type { OutputColumn } from '../query/queryPlan.ts';
import type { Execution } from './execution.ts';
import type { Flow } from './flow.ts';
import type { Runner } from './runner.ts';
import type { Sink } from './sink.ts';

interface ResultSet {
  readonly columns: readonly OutputColumn[];
  readonly rows: RowData[];
}

/** Keeps result sets; everything else goes on to the client. */
class ResultCollector implements Sink {
  readonly sets: ResultSet[] = [];
  readonly full = false;
  readonly #client: Sink;

  constructor(client: Sink) {
    this.#client = client;
  }

  emit(event: EngineEvent): void {
    if (event.kind === 'columns') this.sets.push({ columns: event.columns.map(outputColumn), rows: [] });
    else if (event.kind === 'rows') this.sets.at(-1)!.rows.push(...event.rows.map((row) => [...row]));
    else if (event.kind !== 'done' && event.kind !== 'returnStatus') this.#client.emit(event);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}

function outputColumn(column: ResultColumn): OutputColumn {
  return { name: column.name, type: column.type, nullable: column.nullable ?? true };
}

/** INSERT … EXEC: runs the procedure or text, then inserts what it returned as one statement. */
export async function insertExec(
  runner: Runner,
  statement: InsertStatement & { readonly line: number },
  env: Execution,
): Promise<Flow> {
  const { session } = runner;
  if (statement.source.k !== 'exec') return null;
  if (session.insertExecDepth > 0) throw sqlError(8164);
  const client = runner.sink;
  const collector = new ResultCollector(client);
  session.insertExecDepth++;
  runner.sink = collector;
  try {
    await runner.run({ ...statement.source.statement, line: statement.line } as Statement, env);
  } finally {
    runner.sink = client;
    session.insertExecDepth--;
  }
  let count = 0;
  for (const { columns, rows } of collector.sets) {
    const result = await runner.atomic(env, true, () =>
      insertResultSet(env, statement, columns, rows, runner.context(env)),
    );
    count += result.count;
  }
  runner.done(CURRENT_COMMAND.insert, count);
  return null;
}
