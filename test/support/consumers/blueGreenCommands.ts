import { checkIndex } from '#consumers/catalog/indexCheck.ts';
import { indexBefore, moveSearches } from '#consumers/catalog/indexSwap.ts';
import { listIndexes } from '#consumers/catalog/searchIndex.ts';
import { wholeRows } from '#consumers/catalog/wholeRows.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Actor } from './blueGreenActor.ts';
import { GROUP_PREFIX, LINK_LIMITS, ROWS_GROUP, ROWS_TOPICS } from './rowsStage.ts';
import { product } from './shopTables.ts';
import { INDEX_PREFIX } from './versionProcess.ts';

const NEVER = new AbortController().signal;
const partsOf = ({ elastic, kafka, clock }: Actor) => ({
  elastic,
  kafka,
  clock,
  groupPrefix: GROUP_PREFIX,
  rowsTopics: ROWS_TOPICS,
  indexPrefix: INDEX_PREFIX,
});

/** `sluice index swap`. `settled`: what is settled now. */
export async function swapByHand(
  actor: Actor,
  definition: DocumentDefinition,
  settled: () => ReadonlySet<string>,
): Promise<void> {
  const { elastic, redis, clock } = actor;
  const found = await listIndexes(elastic, INDEX_PREFIX, product.type);
  const target = found.findLast(({ version, filledAt }) => version === definition.version && filledAt !== null);
  if (target === undefined) return;
  const store = new RowStore(redis, { linkLimits: LINK_LIMITS });
  const whole = wholeRows(redis, ROWS_GROUP);
  actor.damaged.clear();
  const options = { elastic, store, plan: planDocument(definition), index: target.index, whole, clock };
  const check = await checkIndex(options, NEVER);
  actor.reference = settled();
  if (check.differences === 0) await moveSearches(partsOf(actor), target, NEVER);
}

/**
 * `sluice index rollback`. The index is not compared: a person who goes back is in a hurry, and may not have its definition any more. `settled`:
 * what is settled now, less what lies damaged in that index.
 */
export async function rollBackByHand(actor: Actor, settled: (index: string) => ReadonlySet<string>): Promise<void> {
  const target = await indexBefore(actor.elastic, INDEX_PREFIX, product.type);
  actor.reference = settled(target.index);
  await moveSearches(partsOf(actor), target, NEVER);
}
