import { type Elastic, refusedStatus } from '#consumers/catalog/elastic.ts';
import { catalogLanes } from '#consumers/catalog/lanes.ts';
import { REFRESH_REST } from '#consumers/catalog/refresher.ts';
import { listIndexes } from '#consumers/catalog/searchIndex.ts';
import { ordersGroup } from '#consumers/orders/ordersConsumer.ts';
import { fanOutGroup } from '#consumers/rows/fanOutConsumer.ts';
import { fanOutTopic } from '#consumers/rows/fanOutTasks.ts';
import { rowsGroup, rowsTables } from '#consumers/rows/rowsConsumer.ts';
import type { WatchedCopy } from '#consumers/runner/copyProgress.ts';
import type { CopyName, ProgressReader } from '#consumers/runner/progress.ts';
import { stockGroup } from '#consumers/stock/stockConsumer.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { Gauge, type Registry } from '#infra/runtime/metrics.ts';
import { consumerGroups, topicOf } from '../consumerGroups.ts';

/** Every copy of the configuration with the groups that keep it, in flow order. */
export function watchedCopies(config: Config, elastic: Elastic): WatchedCopy[] {
  const { groupPrefix } = config.consumers;
  const groups = consumerGroups(config);
  const single = [
    { name: 'rows', groupId: rowsGroup(groupPrefix) },
    { name: 'stock', groupId: stockGroup(groupPrefix) },
    { name: 'orders', groupId: ordersGroup(groupPrefix) },
  ].flatMap(({ name, groupId }): WatchedCopy[] => {
    const group = groups.find((candidate) => candidate.groupId === groupId);
    return group ? [{ name, stages: [{ reads: [group] }] }] : [];
  });
  const documents = config.catalog.documents.map((definition): WatchedCopy => {
    const source = rowsTables([definition]).map((table) => topicOf(config, table));
    const lanes = catalogLanes(groupPrefix, definition).map(({ groupId, topic }) => ({ groupId, topics: [topic] }));
    return {
      name: `catalog.${definition.type}`,
      stages: [
        { reads: [{ groupId: rowsGroup(groupPrefix), topics: source }] },
        { reads: [{ groupId: fanOutGroup(groupPrefix), topics: [fanOutTopic(groupPrefix)] }], drains: true },
        { reads: lanes },
      ],
      show: atMostEvery(config.consumers.refreshIntervalMs, () =>
        showWritten(elastic, config.elasticsearch.indexPrefix, definition),
      ),
    };
  });
  return [...single, ...documents];
}

/** Readings that wait make rounds frequent; a refresh costs the search more than that. It rests as the refresher of the catalogue does. */
function atMostEvery(intervalMs: number, show: () => Promise<string | null>): () => Promise<string | null> {
  let mayShowAtMs = 0;
  return async () => {
    const startedMs = performance.now();
    if (startedMs < mayShowAtMs) return null;
    try {
      return await show();
    } finally {
      const endedMs = performance.now();
      mayShowAtMs = endedMs + Math.max(intervalMs, REFRESH_REST * (endedMs - startedMs));
    }
  };
}

/**
 * Makes written documents searchable and names their index; null while searches go to an index of another version, or to one that does not
 * hold every document yet.
 */
async function showWritten(
  elastic: Elastic,
  indexPrefix: string,
  { type, version }: DocumentDefinition,
): Promise<string | null> {
  const found = await listIndexes(elastic, indexPrefix, type);
  const live = found.find((info) => info.live);
  if (live === undefined || live.version !== version || live.filledAt === null) return null;
  try {
    await elastic.request('POST', `/${live.index}/_refresh`);
  } catch (error) {
    if (refusedStatus(error) === 404) return null;
    throw error;
  }
  return live.index;
}

/** Age of every copy, as the metrics tell it; a copy of which nothing is known has no sample. */
export function copyAgeMetrics(registry: Registry, reader: ProgressReader, copies: readonly CopyName[]): void {
  const age: Gauge = new Gauge({
    name: 'sluice_copy_age_seconds',
    help: 'Since the moment up to which the copy is known to hold everything the source had. A quiet source does not make it grow.',
    labelNames: ['copy'],
    registers: [registry],
    async collect() {
      const found = await reader.passedAll(copies).catch(() => new Map());
      age.reset();
      for (const [copy, passed] of found)
        if (passed?.sourceTimeMs) age.set({ copy }, Math.max(0, (Date.now() - passed.sourceTimeMs) / 1000));
    },
  });
}
