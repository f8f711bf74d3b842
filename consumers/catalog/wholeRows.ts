import { copyState } from '#consumers/runner/ledger.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { WholeRows } from './documentItems.ts';

/**
 * Lets documents be built from a row store that is whole only: after a loss documents stay as they are until the rows are there again,
 * instead of being hidden or written without what is joined to them.
 */
export function wholeRows(redis: RedisCommands, rowsGroupId: string): WholeRows {
  const look = async (): Promise<string> => {
    const { state, storeId } = await copyState(redis, rowsGroupId);
    if (state !== 'complete' || storeId === null)
      throw new SluiceError('COPY_REBUILDING', `The row store of ${rowsGroupId} is ${state}.`);
    return storeId;
  };
  return async (work) => {
    const before = await look();
    const result = await work();
    if ((await look()) !== before)
      throw new SluiceError('COPY_REBUILDING', `The row store of ${rowsGroupId} lost rows while they were read.`);
    return result;
  };
}
