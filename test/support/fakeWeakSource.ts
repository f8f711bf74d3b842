import type { ArrayRow, Database } from '#connectors/sqlserver/connection.ts';
import type { SqlParams } from '#connectors/sqlserver/params.ts';
import { NEWEST_LOG_SCAN } from '#connectors/sqlserver/queries.ts';
import { CAPTURE_CLOCK, ESTIMATED_ROWS, GENTLE_READ, SNAPSHOT_MEANS } from '#connectors/sqlserver/snapshotQueries.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { FakeSource } from './fakeSource.ts';

/** What the login may do, and what the database allows. */
export interface WeakRights {
  readonly isolation: 'snapshot' | 'read-committed';
  /** Whether the log scans of the capture job can be seen. */
  readonly scans: boolean;
}

/** The database of a FakeSource towards a login with fewer rights, whose rows change while they are read under READ COMMITTED. */
export function weakDatabase(source: FakeSource, rights: WeakRights): Database {
  const db = source.database();
  return {
    ...db,
    inSnapshot: (work) =>
      rights.isolation === 'snapshot'
        ? db.inSnapshot(work)
        : Promise.reject(new SluiceError('SQL_SNAPSHOT_NOT_ALLOWED', 'SNAPSHOT isolation is off')),
    rows: async (text, params = {}, signal) => {
      const table = source.tables.find((t) => text.includes(`[dbo].[${t}]`));
      if (table !== undefined) {
        await source.slow();
        source.before(text);
        if (!text.startsWith(GENTLE_READ)) throw new Error(`a read that is not gentle: ${text}`);
        return readSlowly(source, table, text, params);
      }
      return answer(source, rights, text, params) ?? db.rows(text, params, signal);
    },
  };
}

function answer(source: FakeSource, rights: WeakRights, text: string, params: SqlParams): ArrayRow[] | undefined {
  switch (text) {
    case NEWEST_LOG_SCAN:
      if (rights.scans) return undefined;
      throw new SluiceError('SQL_PERMISSION_DENIED', 'VIEW DATABASE STATE is missing');
    case CAPTURE_CLOCK: {
      const newest = source.maxLsn;
      return [[clockText(source.takeLsn()), newest === undefined ? null : clockText(newest)]];
    }
    case SNAPSHOT_MEANS:
      return [[1, rights.isolation === 'snapshot' ? 1 : 0, 0, rights.scans ? 1 : 0]];
    case ESTIMATED_ROWS: {
      const table = source.tables.find((t) => source.sourceObject(t) === params['object']!.value);
      return [[String(source.state(table!).size)]];
    }
    default:
      return undefined;
  }
}

/** Row by row, each as it is at that moment. */
function readSlowly(source: FakeSource, table: string, text: string, params: SqlParams): ArrayRow[] {
  const found: ArrayRow[] = [];
  const take = (id: number, ...before: number[]): void => {
    const value = source.state(table).get(id);
    if (value !== undefined) found.push([...before, id, value]);
    source.during();
  };
  if (text.includes('SELECT w.n,')) {
    for (let n = 0; params[`k${n}_0`]; n++) take(Number(params[`k${n}_0`]!.value), n);
    return found;
  }
  const limit = params['rows']!.value as number;
  const upTo = params['u0'] === undefined ? Number.POSITIVE_INFINITY : Number(params['u0'].value);
  let after = params['k0'] === undefined ? Number.NEGATIVE_INFINITY : Number(params['k0'].value);
  while (found.length < limit) {
    const next = Math.min(...[...source.state(table).keys()].filter((id) => id > after && id <= upTo));
    if (!Number.isFinite(next)) break;
    after = next;
    take(next);
  }
  if (!text.includes('OFFSET (@rows - 1)')) return found;
  return found.length < limit ? [] : [[String(after)]];
}

const clockText = (n: bigint): string => new Date(Number(n) * 1000).toISOString().slice(0, 23).replace('T', ' ');
