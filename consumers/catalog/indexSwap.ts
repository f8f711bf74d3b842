import { randomUUID } from 'node:crypto';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import { type FollowParts, untilFollowing, untilShown } from './indexFollowing.ts';
import { whileFrozen } from './indexFreeze.ts';
import { type IndexInfo, listIndexes, pointAlias, remember } from './searchIndex.ts';

export interface SwapParts extends FollowParts {
  readonly elastic: Elastic;
  readonly indexPrefix: string;
}

/**
 * Sends searches to a filled index whose groups follow.
 * @throws SEARCH_INDEX_UNFIT, also when they do not
 */
export async function moveSearches(parts: SwapParts, target: IndexInfo, signal: AbortSignal): Promise<void> {
  await untilFollowing(parts, target, signal);
  await takeOver(parts, target, signal);
}

/**
 * Sends searches to a filled index that is nearly up to date, once it shows all that they show now: the index they leave stands still for the
 * moment that takes. @throws SEARCH_INDEX_UNFIT
 */
export async function takeOver(parts: SwapParts, target: IndexInfo, signal: AbortSignal): Promise<void> {
  const { elastic, indexPrefix, clock } = parts;
  await swapIndex(elastic, indexPrefix, target.type, target.index, clock.now(), {
    uuid: target.uuid,
    shown: async () => {
      await untilShown(parts, target, signal);
      await elastic.request('POST', `/${target.index}/_refresh`);
    },
  });
}

export interface SwapConditions {
  /** Only to this very index, not to one that was made anew under its name. */
  readonly uuid?: string;
  /** Resolves when the index shows what the others do, which stand still meanwhile. */
  readonly shown?: () => Promise<void>;
}

/**
 * Sends searches to another index of the type, in one step; the one they leave is kept for `rollback`. Nothing happens when they go there
 * already.
 * @throws SEARCH_INDEX_UNFIT for an index that does not exist or is not filled
 */
export async function swapIndex(
  elastic: Elastic,
  indexPrefix: string,
  type: string,
  index: string,
  nowMs: number,
  { uuid, shown }: SwapConditions = {},
): Promise<{ readonly from: readonly string[]; readonly to: string }> {
  // Of this call alone: what another gives the index that is made anew under the name must not count here.
  const token = `${index}.swap-${randomUUID()}`;
  await nameForSwap(elastic, indexPrefix, type, index, token);
  const found = await listIndexes(elastic, indexPrefix, type);
  const target = found.find((info) => info.index === index);
  if (target === undefined) throw unfit(type, `index ${index} does not exist`, found);
  if (target.filledAt === null) throw unfit(type, `index ${index} is not filled yet`, found);
  if (uuid !== undefined && target.uuid !== uuid) throw unfit(type, `index ${index} was made anew`, found);
  const from = found.filter((info) => info.live && info.index !== index);
  const retiredAt = new Date(nowMs).toISOString();
  // Said before: who dies in between has left an index that can be rolled back to.
  for (const old of from) await rememberOf(elastic, old, { retiredAt });
  // An index that was made anew since it was looked at does not have the name: then nothing happens.
  const same = { remove: { index, alias: token, must_exist: true } };
  const move = (): Promise<void> =>
    pointAlias(elastic, indexPrefix, type, index, [same]).catch((error: unknown) => {
      if (refusedStatus(error) !== 404) throw error;
      throw unfit(type, `index ${index} was made anew, or somebody else swaps to it`, found);
    });
  if (shown === undefined) await move();
  else
    await whileFrozen(
      elastic,
      from.map((info) => info.index),
      async () => {
        await shown();
        const now = (await listIndexes(elastic, indexPrefix, type)).find((info) => info.index === index);
        if (now?.uuid !== target.uuid) throw unfit(type, `index ${index} was made anew meanwhile`, found);
        await move();
      },
    );
  if (target.retiredAt !== null) await rememberOf(elastic, target, { retiredAt: null });
  return { from: from.map((info) => info.index), to: index };
}

async function nameForSwap(
  elastic: Elastic,
  indexPrefix: string,
  type: string,
  index: string,
  alias: string,
): Promise<void> {
  try {
    await elastic.request('POST', '/_aliases', { actions: [{ add: { index, alias } }] });
  } catch (error) {
    if (!hasCode(error, 'SEARCH_INDEX_GONE')) throw error;
    throw unfit(type, `index ${index} does not exist`, await listIndexes(elastic, indexPrefix, type));
  }
}

/** Of an index that is gone there is nothing to remember. */
async function rememberOf(elastic: Elastic, info: IndexInfo, changes: Parameters<typeof remember>[2]): Promise<void> {
  try {
    await remember(elastic, info, changes);
  } catch (error) {
    if (!hasCode(error, 'SEARCH_INDEX_GONE')) throw error;
  }
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
