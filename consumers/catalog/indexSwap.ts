import { SluiceError } from '#infra/runtime/errors.ts';
import type { Elastic } from './elastic.ts';
import { type IndexInfo, listIndexes, pointAlias, remember } from './searchIndex.ts';

/**
 * Sends searches to another index of the type, in one step; the one they leave is kept for `rollback`. Nothing happens when they go there
 * already. @throws SEARCH_INDEX_UNFIT for an index that does not exist or is not filled
 */
export async function swapIndex(
  elastic: Elastic,
  indexPrefix: string,
  type: string,
  index: string,
  nowMs: number,
): Promise<{ readonly from: readonly string[]; readonly to: string }> {
  const found = await listIndexes(elastic, indexPrefix, type);
  const target = found.find((info) => info.index === index);
  if (target === undefined) throw unfit(type, `index ${index} does not exist`, found);
  if (target.filledAt === null) throw unfit(type, `index ${index} is not filled yet`, found);
  const from = found.filter((info) => info.live && info.index !== index);
  if (!target.live || from.length > 0)
    await pointAlias(
      elastic,
      indexPrefix,
      type,
      index,
      from.map((info) => info.index),
    );
  const retiredAt = new Date(nowMs).toISOString();
  for (const old of from) await remember(elastic, old, { retiredAt });
  if (target.retiredAt !== null) await remember(elastic, target, { retiredAt: null });
  return { from: from.map((info) => info.index), to: index };
}

/** The index searches left last. @throws SEARCH_INDEX_UNFIT when there is none */
export async function indexBefore(elastic: Elastic, indexPrefix: string, type: string): Promise<IndexInfo> {
  const found = await listIndexes(elastic, indexPrefix, type);
  const retired = found.filter((info) => !info.live && info.retiredAt !== null);
  const last = retired.sort((a, b) => (a.retiredAt! < b.retiredAt! ? -1 : 1)).at(-1);
  if (last === undefined) throw unfit(type, 'no index was in use before the present one', found);
  return last;
}

/** Deletes an index that searches do not use. @throws SEARCH_INDEX_UNFIT */
export async function dropIndex(elastic: Elastic, indexPrefix: string, type: string, index: string): Promise<void> {
  const found = await listIndexes(elastic, indexPrefix, type);
  const target = found.find((info) => info.index === index);
  if (target === undefined) throw unfit(type, `index ${index} does not exist`, found);
  if (target.live) throw unfit(type, `searches use index ${index}`, found);
  await elastic.request('DELETE', `/${index}`);
}

function unfit(type: string, why: string, found: readonly IndexInfo[]): SluiceError {
  const names = found.map(
    ({ index, live, filledAt }) => `${index}${live ? ' (live)' : filledAt === null ? ' (filling)' : ''}`,
  );
  return new SluiceError('SEARCH_INDEX_UNFIT', `Documents ${type}: ${why}. There is: ${names.join(', ') || 'none'}.`);
}
