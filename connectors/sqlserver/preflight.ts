import { describeError, SluiceError } from '#infra/runtime/errors.ts';
import { type Database, openDatabase } from './connection.ts';
import type { CaptureInstance } from './metadata.ts';
import type { DatabaseOptions } from './poolConfig.ts';
import { checkServer } from './preflightServer.ts';
import { checkRights, checkTables } from './preflightTables.ts';

/** One thing that was looked at, as data: the same shape for people, JSON and tests. */
export interface PreflightResult {
  readonly check: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly actual: string;
  /** What to do when it is not ok. */
  readonly hint: string;
}

/** What a check finds. */
export interface Finding {
  readonly ok: boolean;
  readonly actual: string;
}

/** Runs one check; an error of the server is a finding. */
export type Look = (check: string, expected: string, hint: string, find: () => Promise<Finding>) => Promise<void>;

/** What the capture is to do with the source. */
export interface PreflightNeeds {
  /** Which tables are wanted, of the instances there are, as `schema.table`; and names that no instance has. */
  readonly select: (instances: readonly CaptureInstance[]) => {
    readonly tables: readonly string[];
    readonly missing: readonly string[];
  };
  /** What keeps an instance from being carried; empty when nothing does. */
  readonly problems: (instance: CaptureInstance) => readonly string[];
  /** How rows are read; `none`: no snapshot is taken. */
  readonly snapshot: 'none' | 'auto' | 'snapshot' | 'read-committed';
  /** Whether capture instances are made or dropped, which takes db_owner. */
  readonly managesInstances: boolean;
}

/**
 * Looks at everything the capture needs from the source, without changing anything. A source that cannot be reached gives one result.
 * Never throws for what it finds.
 */
export async function preflight(
  options: DatabaseOptions,
  needs: PreflightNeeds,
  signal?: AbortSignal,
): Promise<PreflightResult[]> {
  const results: PreflightResult[] = [];
  const check = 'source: connection';
  const expected = `a login to ${options.server}:${options.port}/${options.database} as ${options.user}${options.encrypt ? ', encrypted' : ''}`;
  let db: Database;
  try {
    db = await openDatabase(options);
    results.push({ check, ok: true, expected, actual: 'connected', hint: '' });
  } catch (error) {
    const hint = error instanceof SluiceError ? error.hint : 'See the message.';
    const actual = error instanceof SluiceError ? `${error.code}: ${error.message}` : String(error);
    return [{ check, ok: false, expected, actual, hint }];
  }
  const look: Look = async (check, expected, hint, find) => {
    let finding: Finding;
    try {
      finding = await find();
    } catch (error) {
      signal?.throwIfAborted();
      finding = { ok: false, actual: describeError(error).split('\n')[0]! };
    }
    results.push({ check, expected, hint, ...finding });
  };
  try {
    await checkServer(db, options, needs, look, signal);
    const tables = await checkTables(db, needs, look, signal);
    await checkRights(db, tables, needs, look, signal);
  } finally {
    await db.close();
  }
  return results;
}
