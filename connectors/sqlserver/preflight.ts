import { describeError, hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { isReadable } from './columnCodec.ts';
import { type Database, openDatabase } from './connection.ts';
import { type CaptureInstance, loadCaptureInstances } from './metadata.ts';
import type { DatabaseOptions } from './poolConfig.ts';
import * as ask from './preflightQueries.ts';

/** One thing that was looked at, as data: the same shape for people, JSON and tests. */
export interface PreflightResult {
  readonly check: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly actual: string;
  /** What to do when it is not ok. */
  readonly hint: string;
}

/** What a check finds; `actual` alone when it could be asked but not decided. */
interface Finding {
  readonly ok: boolean;
  readonly actual: string;
}

/**
 * Looks at everything the capture needs from the source, without changing anything. A source that cannot be reached gives one result.
 * Never throws for what it finds.
 */
export async function preflight(
  options: DatabaseOptions,
  tables: readonly string[],
  signal?: AbortSignal,
): Promise<PreflightResult[]> {
  const results: PreflightResult[] = [];
  const connect = 'source: connection';
  const reachable = `a login to ${options.server}:${options.port}/${options.database} as ${options.user}${options.encrypt ? ', encrypted' : ''}`;
  let db: Database;
  try {
    db = await openDatabase(options);
    results.push({ check: connect, ok: true, expected: reachable, actual: 'connected', hint: '' });
  } catch (error) {
    const hint = error instanceof SluiceError ? error.hint : 'See the message.';
    const actual = error instanceof SluiceError ? `${error.code}: ${error.message}` : String(error);
    return [{ check: connect, ok: false, expected: reachable, actual, hint }];
  }
  try {
    const look = async (check: string, expected: string, hint: string, find: () => Promise<Finding>): Promise<void> => {
      let finding: Finding;
      try {
        finding = await find();
      } catch (error) {
        signal?.throwIfAborted();
        finding = { ok: false, actual: describeError(error).split('\n')[0]! };
      }
      results.push({ check, expected, hint, ...finding });
    };
    await checkServer(db, options, look, signal);
    await checkTables(db, tables, look, signal);
  } finally {
    await db.close();
  }
  return results;
}

type Look = (check: string, expected: string, hint: string, find: () => Promise<Finding>) => Promise<void>;

async function checkServer(db: Database, options: DatabaseOptions, look: Look, signal?: AbortSignal): Promise<void> {
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
    'Run sys.sp_cdc_enable_db in the database (sysadmin).',
    async () => {
      const enabled = (await value(ask.DATABASE_STATE)) === true;
      return { ok: enabled, actual: enabled ? 'enabled' : 'not enabled' };
    },
  );
  await look(
    'source: snapshot isolation',
    'ALLOW_SNAPSHOT_ISOLATION ON',
    'ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON: snapshots read without locks.',
    async () => {
      const state = Number(await value(ask.DATABASE_STATE, 1));
      return { ok: state === 1, actual: state === 1 ? 'ON' : `state ${state}` };
    },
  );
  await look(
    'source: VIEW SERVER STATE',
    'granted',
    'GRANT VIEW SERVER STATE to the login: a snapshot must learn the log position of its own transaction.',
    async () => granted(await value(ask.CAN_VIEW_SERVER_STATE)),
  );
  await look(
    'source: VIEW DATABASE STATE',
    'granted',
    'GRANT VIEW DATABASE STATE to the user: it shows whether the capture job runs, and lets a snapshot of a quiet database go on at once.',
    async () => granted(await value(ask.CAN_VIEW_DATABASE_STATE)),
  );
  await look(
    'source: capture job',
    'a log scan since the server started, no error in the newest',
    'Start SQL Server Agent and the job cdc.<database>_capture; see sys.dm_cdc_errors.',
    async () => {
      const [scan] = await db.rows(ask.CAPTURE_JOB_STATE, {}, signal);
      if (!scan) return { ok: false, actual: 'no log scan yet' };
      const errors = Number(scan[2] ?? 0);
      return { ok: errors === 0, actual: `newest scan is session ${String(scan[0])}, errors ${errors}` };
    },
  );
  await look(
    'source: least privilege',
    'not a member of sysadmin or db_owner',
    'Use a login of its own; `sluice sql` prints its grants.',
    async () => {
      const [row] = await db.rows(ask.TOO_POWERFUL, {}, signal);
      const roles = [row?.[0] === 1 && 'sysadmin', row?.[1] === 1 && 'db_owner'].filter(Boolean);
      return {
        ok: roles.length === 0,
        actual: roles.length === 0 ? 'member of neither' : `member of ${roles.join(' and ')}`,
      };
    },
  );
}

const granted = (value: unknown): Finding => ({ ok: value === 1, actual: value === 1 ? 'granted' : 'not granted' });

async function checkTables(db: Database, tables: readonly string[], look: Look, signal?: AbortSignal): Promise<void> {
  let instances: CaptureInstance[] = [];
  await look('source: capture instances', 'readable', 'GRANT SELECT ON SCHEMA::cdc to the login.', async () => {
    instances = await loadCaptureInstances(db, signal);
    return { ok: true, actual: `${instances.length} found` };
  });
  for (const table of tables) {
    const hint = `Run sys.sp_cdc_enable_table for it (db_owner), GRANT SELECT ON ${table}, and give it a primary key.`;
    await look(
      `table ${table}`,
      'captured, readable, with a primary key, every column of a type that can be carried',
      hint,
      async () => {
        const instance = instances.findLast((i) => `${i.schema}.${i.table}`.toLowerCase() === table.toLowerCase());
        if (!instance) return { ok: false, actual: 'no capture instance' };
        const problems = columnProblems(instance);
        if (!(await canSelect(db, instance, signal))) problems.push('no right to SELECT');
        return {
          ok: problems.length === 0,
          actual: problems.length === 0 ? `instance ${instance.name}` : problems.join('; '),
        };
      },
    );
  }
}

function columnProblems(instance: CaptureInstance): string[] {
  const problems: string[] = [];
  const captured = new Set(instance.columns.filter((c) => !c.computed).map((c) => c.name));
  if (instance.keyColumns.length === 0) problems.push('no primary key');
  const missing = instance.keyColumns.filter((name) => !captured.has(name));
  if (missing.length > 0) problems.push(`key columns not captured: ${missing.join(', ')}`);
  for (const column of instance.columns) {
    if (!column.computed && !isReadable(column)) problems.push(`column ${column.name} has type ${column.sqlType}`);
  }
  return problems;
}

async function canSelect(db: Database, instance: CaptureInstance, signal?: AbortSignal): Promise<boolean> {
  const [row] = await db.rows(ask.canSelectTable(instance), {}, signal);
  return row?.[0] === 1;
}
