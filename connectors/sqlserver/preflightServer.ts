import { hasCode } from '#infra/runtime/errors.ts';
import type { Database } from './connection.ts';
import type { DatabaseOptions } from './poolConfig.ts';
import type { Finding, Look, PreflightNeeds } from './preflight.ts';
import * as ask from './preflightQueries.ts';

const WEAKER_WAY = 'snapshots are taken in the weaker way (read-committed)';

/** What the server and the database must be like. */
export async function checkServer(
  db: Database,
  options: DatabaseOptions,
  needs: PreflightNeeds,
  look: Look,
  signal?: AbortSignal,
): Promise<void> {
  const value = async (text: string, column = 0): Promise<unknown> => (await db.rows(text, {}, signal))[0]?.[column];
  await look('source: version', 'SQL Server 2016 (13) or newer', 'Older versions are not tested.', async () => {
    const version = String(await value(ask.PRODUCT_VERSION));
    return { ok: Number.parseInt(version, 10) >= 13, actual: version };
  });
  if (options.encrypt) {
    await look('source: encryption', 'TRUE', 'Set up TLS on the server.', async () => {
      try {
        const found = String(await value(ask.OWN_ENCRYPTION));
        return { ok: found === 'TRUE', actual: found };
      } catch (error) {
        // The connection itself was refused above if the server had not agreed to encrypt; the view only confirms it.
        if (hasCode(error, 'SQL_PERMISSION_DENIED')) return { ok: true, actual: 'agreed at connection' };
        throw error;
      }
    });
  }
  await look(
    'source: change data capture',
    'enabled on the database',
    'Run sys.sp_cdc_enable_db in the database (sysadmin); `sluice sql capture` prints all that is needed.',
    async () => {
      const enabled = (await value(ask.DATABASE_STATE)) === true;
      return { ok: enabled, actual: enabled ? 'enabled' : 'not enabled' };
    },
  );
  await checkSnapshots(needs, look, value);
  await look(
    'source: VIEW DATABASE STATE',
    'granted',
    'GRANT VIEW DATABASE STATE to the user: it shows whether the capture job runs, and lets a snapshot of a quiet database go on at once.',
    async () => granted(await value(ask.CAN_VIEW_DATABASE_STATE)),
  );
  await look(
    'source: capture job',
    'a log scan since the server started, no error in the newest',
    'Start SQL Server Agent and the job cdc.<database>_capture; see sys.dm_cdc_errors. After a failover the job may have to be made: sys.sp_cdc_add_job.',
    async () => {
      const [scan] = await db.rows(ask.CAPTURE_JOB_STATE, {}, signal);
      if (!scan) return { ok: false, actual: 'no log scan yet' };
      const errors = Number(scan[2] ?? 0);
      return { ok: errors === 0, actual: `newest scan is session ${String(scan[0])}, errors ${errors}` };
    },
  );
  await look('source: SQL Server Agent', 'running', 'Start the service, and let it start by itself.', async () => {
    try {
      const status = await value(ask.AGENT_STATUS);
      if (status === null || status === undefined) return { ok: true, actual: 'this platform has none' };
      return { ok: status === ask.SERVICE_RUNNING, actual: status === ask.SERVICE_RUNNING ? 'running' : 'not running' };
    } catch (error) {
      if (hasCode(error, 'SQL_PERMISSION_DENIED'))
        return { ok: true, actual: 'cannot be seen without VIEW SERVER STATE' };
      throw error;
    }
  });
}

/** SNAPSHOT isolation and VIEW SERVER STATE: needed for the exact way of taking snapshots, the weaker way does without. */
async function checkSnapshots(
  needs: PreflightNeeds,
  look: Look,
  value: (text: string, column?: number) => Promise<unknown>,
): Promise<void> {
  if (needs.snapshot === 'none') return;
  const must = needs.snapshot === 'snapshot';
  const without = (what: string): Finding => ({ ok: !must, actual: must ? what : `${what}: ${WEAKER_WAY}` });
  await look(
    'source: snapshot isolation',
    'ALLOW_SNAPSHOT_ISOLATION ON',
    'ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON: snapshots read without locks.',
    async () => {
      const state = Number(await value(ask.DATABASE_STATE, 1));
      return state === 1 ? { ok: true, actual: 'ON' } : without(state === 0 ? 'OFF' : `state ${state}`);
    },
  );
  await look(
    'source: VIEW SERVER STATE',
    'granted',
    'GRANT VIEW SERVER STATE to the login: a snapshot must learn the log position of its own transaction.',
    async () =>
      (await value(ask.CAN_VIEW_SERVER_STATE)) === 1 ? { ok: true, actual: 'granted' } : without('not granted'),
  );
}

const granted = (value: unknown): Finding => ({ ok: value === 1, actual: value === 1 ? 'granted' : 'not granted' });
