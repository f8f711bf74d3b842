import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { SessionState } from './sessionState.ts';
import type { CapturedTable } from './types.ts';

/**
 * Everything after `since` must still be in the change tables; `minLsnOf` tells each one's low-water mark (null or undefined: it is gone).
 * Tables whose snapshot has not begun need nothing yet.
 * @throws SluiceError CDC_LSN_NOT_AVAILABLE when clean-up removed what was not read, CDC_TABLE_NOT_CAPTURED when an instance is gone
 */
export function checkNothingLost(
  tables: readonly CapturedTable[],
  state: Pick<SessionState, 'isPending'>,
  since: Lsn,
  minLsnOf: (table: CapturedTable) => Lsn | null | undefined,
): void {
  for (const table of tables) {
    const minLsn = minLsnOf(table);
    if (!minLsn) {
      throw new SluiceError(
        'CDC_TABLE_NOT_CAPTURED',
        `Capture instance ${table.instance.name} of ${table.id} is gone`,
        {
          context: { table: table.id, captureInstance: table.instance.name },
        },
      );
    }
    if (minLsn <= since || state.isPending(table.id)) continue;
    throw new SluiceError(
      'CDC_LSN_NOT_AVAILABLE',
      `Changes of ${table.id} after ${since} and before ${minLsn} were cleaned up before they were read`,
      { context: { table: table.id, since, minLsn } },
    );
  }
}
