import { eventually } from '#test/support/eventually.ts';
import type { Cell } from './reply.ts';
import type { ContractServer, Session } from './server.ts';

/** The capture job of a real server looks every five seconds. */
const CAPTURE_TIMEOUT_MS = 60_000;

/** Enables capture of a table of dbo; `options` are further arguments. */
export function enableTable(table: string, options = '@supports_net_changes = 1'): string {
  return `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${table}', @role_name = NULL, ${options}`;
}

/** Waits until everything committed before this call has been captured: a marker of its own comes last. */
export async function caughtUp(server: ContractServer): Promise<void> {
  const session = await server.open();
  try {
    await session.run(
      `IF OBJECT_ID('dbo.MARKER') IS NULL BEGIN EXEC('CREATE TABLE dbo.MARKER (id int IDENTITY CONSTRAINT PK_MARKER PRIMARY KEY, at datetime2 DEFAULT SYSDATETIME())'); ${enableTable('MARKER')} END`,
    );
    const { sets } = await session.run('INSERT INTO dbo.MARKER OUTPUT inserted.id DEFAULT VALUES');
    await eventually(
      async () => {
        const found = await session.run(`SELECT COUNT(*) FROM cdc.dbo_MARKER_CT WHERE id = ${sets[0]![0]![0]}`);
        if (found.sets[0]?.[0]?.[0] !== 1) throw new Error('the marker has not been captured');
      },
      { timeoutMs: CAPTURE_TIMEOUT_MS },
    );
  } finally {
    await session.close();
  }
}

/** Runs a batch and gives its rows in the change table, operation first, in log order. */
export async function captured(
  server: ContractServer,
  instance: string,
  columns: string,
  work: string,
): Promise<readonly (readonly Cell[])[]> {
  await caughtUp(server);
  const session = await server.open();
  try {
    const before = await one(session, 'SELECT CONVERT(varchar(30), sys.fn_cdc_get_max_lsn(), 1)');
    await server.must(work);
    await caughtUp(server);
    const { sets, errors } = await session.run(
      `SELECT __$operation, ${columns} FROM cdc.${instance}_CT WHERE __$start_lsn > ${before}
       ORDER BY __$start_lsn, __$command_id, __$seqval, __$operation`,
    );
    if (errors.length > 0) throw new Error(errors[0]!.message);
    return sets[0]!;
  } finally {
    await session.close();
  }
}

/** The one value a query gives. */
export async function one(session: Session, query: string): Promise<Cell> {
  const { sets, errors } = await session.run(query);
  if (errors.length > 0) throw new Error(`${errors[0]!.message} in: ${query}`);
  return sets[0]?.[0]?.[0] ?? null;
}
