import { excessRights, shortList } from './captureRights.ts';
import type { Database } from './connection.ts';
import { readLoginRights } from './loginRights.ts';
import { type CaptureInstance, loadCaptureInstances } from './metadata.ts';
import type { Finding, Look, PreflightNeeds } from './preflight.ts';
import * as ask from './preflightQueries.ts';

/** Looks at each table that is wanted. @returns the tables that were found */
export async function checkTables(
  db: Database,
  needs: PreflightNeeds,
  look: Look,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  let instances: CaptureInstance[] = [];
  await look('source: capture instances', 'readable', 'GRANT SELECT ON SCHEMA::cdc to the login.', async () => {
    instances = await loadCaptureInstances(db, signal);
    return { ok: true, actual: `${instances.length} found` };
  });
  const { tables, missing } = needs.select(instances);
  const hint =
    'Run sys.sp_cdc_enable_table for it (db_owner) and grant SELECT on it: `sluice sql capture` prints both. A column that cannot be carried is left out with source.excludeColumns.';
  const expected = 'captured, readable, every column carried';
  for (const table of missing) {
    await look(`table ${table}`, expected, hint, () => Promise.resolve({ ok: false, actual: 'no capture instance' }));
  }
  for (const table of tables) {
    await look(`table ${table}`, expected, hint, async () => {
      const instance = instances.findLast((i) => `${i.schema}.${i.table}` === table)!;
      const problems = [...needs.problems(instance)];
      const [row] = await db.rows(ask.canSelectTable(instance), {}, signal);
      if (row?.[0] !== 1) problems.push('no right to SELECT');
      return {
        ok: problems.length === 0,
        actual: problems.length === 0 ? `instance ${instance.name}` : problems.join('; '),
      };
    });
  }
  return tables;
}

/** Proves that the login can do nothing more: not a role, not the way orders take, not another table. */
export async function checkRights(
  db: Database,
  tables: readonly string[],
  needs: PreflightNeeds,
  look: Look,
  signal?: AbortSignal,
): Promise<void> {
  if (needs.managesInstances) {
    await look(
      'source: db_owner',
      'member, because capture instances are to be made or dropped (capture.schemaChange)',
      'ALTER ROLE db_owner ADD MEMBER the user, or switch capture.schemaChange.createInstances and dropOldInstances off.',
      async () => {
        const [row] = await db.rows(ask.TOO_POWERFUL, {}, signal);
        return { ok: row?.[1] === 1, actual: row?.[1] === 1 ? 'member' : 'not a member' };
      },
    );
  }
  let excess = { wide: [] as readonly string[], acting: [] as readonly string[], reading: [] as readonly string[] };
  const hint = 'Use a login of its own: `sluice sql capture` prints it with its grants. REVOKE what is listed.';
  const only = (found: readonly string[]): Finding => ({
    ok: found.length === 0,
    actual: found.length === 0 ? 'nothing more' : shortList(found),
  });
  const expected = 'no role, no right on the server or database but VIEW SERVER STATE and VIEW DATABASE STATE';
  await look('source: least privilege', expected, hint, async () => {
    excess = excessRights(await readLoginRights(db, signal), tables, needs.managesInstances);
    return only(excess.wide);
  });
  await look('source: no way to act', 'no EXECUTE on the order path, no right to write or alter anything', hint, () =>
    Promise.resolve(only(excess.acting)),
  );
  await look('source: other tables', 'SELECT on the captured tables and schema cdc only', hint, () =>
    Promise.resolve(only(excess.reading)),
  );
}
