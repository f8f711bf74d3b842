import { createElastic, type Elastic } from '#consumers/catalog/elastic.ts';
import { definitionFingerprint } from '#consumers/catalog/fingerprint.ts';
import { checkIndex, type IndexCheck } from '#consumers/catalog/indexCheck.ts';
import { untilFollowing } from '#consumers/catalog/indexFollowing.ts';
import { dropIndex, indexBefore, moveSearches, swapIndex } from '#consumers/catalog/indexSwap.ts';
import { type IndexInfo, listIndexes, remember, visibleDocuments } from '#consumers/catalog/searchIndex.ts';
import { wholeRows } from '#consumers/catalog/wholeRows.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { rowsGroup } from '#consumers/rows/rowsConsumer.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { RedisClient } from '#infra/redis/client.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { documentNamed, rowsTopics } from '../consumerGroups.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';

export interface IndexOptions {
  readonly config: string;
  readonly json: boolean;
}

export interface BuildOptions extends IndexOptions {
  readonly execute: boolean;
  readonly swap: boolean;
  readonly follow: boolean;
  readonly logLevel: 'info';
}

/** What a command about indexes works with. */
export interface IndexWork {
  readonly config: Config;
  readonly elastic: Elastic;
  readonly kafka: KafkaClient;
  readonly redis: RedisClient;
  readonly store: RowStore;
  readonly signal: AbortSignal;
}

/** Prints the indexes of every type. Exit code 4 when searches do not use the configured version. */
export async function plan(options: IndexOptions): Promise<number> {
  return withIndexes(options, async ({ config, elastic, store }) => {
    const plans = [];
    for (const definition of config.catalog.documents) {
      const { type, version, root } = definition;
      const indexes = await withCounts(elastic, await listIndexes(elastic, config.elasticsearch.indexPrefix, type));
      const live = indexes.find((info) => info.live);
      const rows = await store.count(root);
      const ready = indexes.some((info) => info.version === version && info.filledAt !== null);
      const fingerprint = definitionFingerprint(definition);
      const changed = indexes.some(
        (info) => info.version === version && (info.fingerprint ?? fingerprint) !== fingerprint,
      );
      const next = changed
        ? 'the definition was changed under this version: raise it'
        : live?.version === version
          ? 'nothing to do'
          : ready
            ? 'swap'
            : `build from ${rows} rows of ${root}, then swap`;
      plans.push({ type, version, rows, next, upToDate: live?.version === version && !changed, changed, indexes });
    }
    if (options.json) printJson(plans);
    else for (const one of plans) showPlan(one);
    return plans.every(({ upToDate }) => upToDate) ? EXIT.ok : EXIT.unhealthy;
  });
}

/** Sends searches to the built index of the configured version. Exit code 4 when it differs from the rows. */
export async function swap(
  type: string,
  options: IndexOptions & { execute: boolean; check: boolean },
): Promise<number> {
  return withIndexes(options, async (work) => {
    const definition = documentNamed(work.config, type);
    const indexes = await listIndexes(work.elastic, work.config.elasticsearch.indexPrefix, type);
    const target = indexes.findLast(({ version, filledAt }) => version === definition.version && filledAt !== null);
    if (target === undefined)
      throw new SluiceError(
        'SEARCH_INDEX_UNFIT',
        `Documents ${type}: no filled index of version ${definition.version}. There is: ${indexes.map(({ index }) => index).join(', ') || 'none'}.`,
      );
    const check = options.check ? await checked(work, definition, target.index) : null;
    if (check !== null && check.differences > 0) {
      if (options.json) printJson({ index: target.index, check, swapped: false });
      else
        print(`${target.index} differs from the rows in ${check.differences} documents: ${check.differing.join(', ')}`);
      return EXIT.unhealthy;
    }
    return moveTo(work, type, target, options, check);
  });
}

/** Sends searches back to where they were. Refused when nobody has kept that index up to date since. */
export async function rollback(
  type: string,
  options: IndexOptions & { execute: boolean; check: boolean },
): Promise<number> {
  return withIndexes(options, async (work) => {
    documentNamed(work.config, type);
    const target = await indexBefore(work.elastic, work.config.elasticsearch.indexPrefix, type);
    return moveTo(work, type, target, options, null);
  });
}

/** Notes that the definition as it is now gives the documents the index has, though its text was changed. */
export async function accept(type: string, options: IndexOptions & { execute: boolean }): Promise<number> {
  return withIndexes(options, async ({ config, elastic }) => {
    const definition = documentNamed(config, type);
    const fingerprint = definitionFingerprint(definition);
    const indexes = await listIndexes(elastic, config.elasticsearch.indexPrefix, type);
    const changed = indexes.filter((info) => info.version === definition.version && info.fingerprint !== fingerprint);
    if (options.execute) for (const info of changed) await remember(elastic, info, { fingerprint });
    const names = changed.map(({ index }) => index);
    if (options.json) printJson({ indexes: names, accepted: options.execute });
    else if (names.length === 0) print('nothing to accept');
    else
      print(
        options.execute
          ? `accepted for ${names.join(', ')}`
          : `dry run: would accept for ${names.join(', ')}; add --execute`,
      );
    return EXIT.ok;
  });
}

/** Deletes an index that searches do not use. */
export async function drop(type: string, index: string, options: IndexOptions & { execute: boolean }): Promise<number> {
  return withIndexes(options, async ({ config, elastic }) => {
    documentNamed(config, type);
    if (options.execute) await dropIndex(elastic, config.elasticsearch.indexPrefix, type, index);
    if (options.json) printJson({ index, dropped: options.execute });
    else print(options.execute ? `dropped ${index}` : `dry run: would drop ${index}; add --execute to do it`);
    return EXIT.ok;
  });
}

async function withIndexes(options: IndexOptions, work: (work: IndexWork) => Promise<number>): Promise<number> {
  const config = await loadConfig(options.config);
  const elastic = createElastic(config.elasticsearch);
  const redis = new RedisClient({ ...config.redis, name: 'sluice-index', log: silentLogger });
  const kafka = createKafkaClient(config.kafka, silentLogger);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await redis.ready(abort.signal);
    return await work({ config, elastic, kafka, redis, store: new RowStore(redis), signal: abort.signal });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await Promise.all([kafka.close(), redis.close(), elastic.close()]);
  }
}

async function checked(work: IndexWork, definition: DocumentDefinition, index: string): Promise<IndexCheck> {
  const { elastic, redis, store, signal, config } = work;
  const whole = wholeRows(redis, rowsGroup(config.consumers.groupPrefix));
  return checkIndex({ elastic, store, plan: planDocument(definition), index, whole, clock: systemClock }, signal);
}

async function moveTo(
  { elastic, kafka, config, signal }: IndexWork,
  type: string,
  target: IndexInfo,
  options: { readonly execute: boolean; readonly json: boolean; readonly check: boolean },
  check: IndexCheck | null,
): Promise<number> {
  const { execute, json } = options;
  const { indexPrefix } = config.elasticsearch;
  const parts = {
    elastic,
    kafka,
    groupPrefix: config.consumers.groupPrefix,
    rowsTopics: rowsTopics(config),
    indexPrefix,
    clock: systemClock,
  };
  if (execute && options.check) await moveSearches(parts, target, signal);
  else if (options.check) await untilFollowing(parts, target, signal);
  else if (execute) await swapIndex(elastic, indexPrefix, type, target.index, systemClock.now(), { uuid: target.uuid });
  const documents = await visibleDocuments(elastic, target.index);
  if (json) printJson({ index: target.index, documents, check, swapped: execute });
  else if (execute) print(`searches use ${target.index} now (${documents} documents)`);
  else print(`dry run: would send searches to ${target.index} (${documents} documents); add --execute to do it`);
  return EXIT.ok;
}

async function withCounts(elastic: Elastic, indexes: readonly IndexInfo[]) {
  return Promise.all(
    indexes.map(async (info) => ({ ...info, documents: await visibleDocuments(elastic, info.index) })),
  );
}

function showPlan(plan: {
  readonly type: string;
  readonly version: number;
  readonly next: string;
  readonly indexes: readonly (IndexInfo & { readonly documents: number })[];
}): void {
  print(`${plan.type}: version ${plan.version} wanted; ${plan.next}`);
  if (plan.indexes.length === 0) return;
  const state = (info: IndexInfo): string =>
    info.live ? 'live' : info.filledAt === null ? 'filling' : info.retiredAt === null ? 'built' : 'retired';
  const rows = plan.indexes.map((i) => [
    i.index,
    `v${i.version}`,
    state(i),
    i.documents,
    i.filledAt ?? '–',
    i.retiredAt ?? '–',
  ]);
  print(formatTable([['index', 'version', 'state', 'documents', 'filled', 'left by searches'], ...rows]));
}
