import { describe, expect, it } from 'vitest';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { clearAway } from '#infra/cli/roles/commandDatabase.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';

/** Answers deletions with these numbers of rows, then with none. */
function databaseWith(deleted: readonly (number | SluiceError)[]) {
  const calls: { procedure: string; keepDays: unknown }[] = [];
  const execute: Database['execute'] = async (procedure, params) => {
    const rows = deleted[calls.length] ?? 0;
    calls.push({ procedure, keepDays: params['KeepDays']?.value });
    if (rows instanceof SluiceError) throw rows;
    return { returnValue: 0, recordsets: [[{ Deleted: rows }]] };
  };
  return { calls, database: { execute } };
}

async function clearUntil(database: Pick<Database, 'execute'>, isEnough: () => boolean): Promise<void> {
  const abort = new AbortController();
  const clearing = clearAway(database, 30, silentLogger, abort.signal).catch(() => undefined);
  await eventually(isEnough, { truthy: true });
  abort.abort();
  await clearing;
}

describe('clearing away what is past its time', () => {
  it('goes on in bites until nothing is left, first the keys, then the reservations', async () => {
    const { calls, database } = databaseWith([500, 500, 12, 3]);
    await clearUntil(database, () => calls.length >= 4);
    expect(calls).toEqual([
      ...Array(3).fill({ procedure: 'storefront.DeleteExpiredCommands', keepDays: 30 }),
      { procedure: 'storefront.DeleteExpiredReservations', keepDays: undefined },
    ]);
  });

  it('does not end the API when the database is away', async () => {
    const { calls, database } = databaseWith([new SluiceError('SQL_UNREACHABLE', 'away')]);
    await clearUntil(database, () => calls.length === 1);
    expect(calls).toHaveLength(1);
  });
});
