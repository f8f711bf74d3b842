import { hasCode } from '#infra/runtime/errors.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import type { IndexInfo } from './searchIndex.ts';

/** A swap is through, or given up, long before: whoever finds an index frozen for longer thaws it. */
const LEFT_FROZEN_MS = 30_000;

/**
 * Keeps indexes as they are while the work runs: what they show then is all they have shown. Elasticsearch answers when every write that was
 * under way is through; writers meet it as an index that takes no writes at the moment. Source: Elasticsearch, "Add index block API".
 */
export async function whileFrozen(
  elastic: Elastic,
  indexes: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    for (const index of indexes) await unlessGone(elastic.request('PUT', `/${index}/_block/write`));
    await work();
  } finally {
    for (const index of indexes) await thaw(elastic, index);
  }
}

/** Lets an index be written to again. */
export async function thaw(elastic: Elastic, index: string): Promise<void> {
  await unlessGone(elastic.request('PUT', `/${index}/_settings`, { 'index.blocks.write': null }));
}

/** Whether it is frozen by somebody who swapped and died in between; one that was frozen by others is left alone. */
export function isLeftFrozen({ frozen, retiredAt }: IndexInfo, nowMs: number): boolean {
  return frozen && retiredAt !== null && nowMs - Date.parse(retiredAt) > LEFT_FROZEN_MS;
}

async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!hasCode(error, 'SEARCH_INDEX_GONE') && refusedStatus(error) !== 404) throw error;
  }
}
