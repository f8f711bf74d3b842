import { decodeMark, dirtyTopic, type Mark, MarkSender } from '#consumers/rows/marks.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import type { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import type { RunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { writeDocuments } from './catalogHandler.ts';
import type { Elastic } from './elastic.ts';
import { Refresher } from './refresher.ts';
import { highestVersion, openSearchIndex, type SearchIndex, writeAlias } from './searchIndex.ts';
import { VersionSource } from './versions.ts';

export interface CatalogConsumerOptions {
  readonly kafka: KafkaClient;
  readonly redis: RedisClient;
  readonly elastic: Elastic;
  readonly deadLetters: DeadLetters;
  readonly metrics: RunnerMetrics;
  readonly log: Logger;
  readonly definition: DocumentDefinition;
  readonly groupPrefix: string;
  readonly indexPrefix: string;
  readonly maxBatchRecords: number;
  readonly refreshIntervalMs: number;
}

export interface CatalogStatus extends RunnerStatus {
  readonly index: string | null;
  readonly documentsWritten: number;
  readonly documentsSuperseded: number;
  /** Milliseconds from commit in the source to searchable. */
  readonly commitToSearchable: ReturnType<LatencyWindow['summary']>;
}

/** Group of stage 2 for one document type. */
export function catalogGroup(groupPrefix: string, documentType: string): string {
  return `${groupPrefix}.catalog.${documentType}`;
}

/** Stage 2: marks → documents → Elasticsearch, for one document type. Components in start order. */
export function catalogConsumer(options: CatalogConsumerOptions): {
  components: Component[];
  latency: LatencyWindow;
  status(): CatalogStatus;
} {
  const { kafka, redis, elastic, definition, groupPrefix, log } = options;
  const { type } = definition;
  const latency = new LatencyWindow();
  const store = new RowStore(redis);
  const counts = { written: 0, superseded: 0 };
  let opened: SearchIndex | undefined;
  const index = (): string => opened!.index;
  const refresher = new Refresher({ elastic, index, intervalMs: options.refreshIntervalMs, latency, log });
  const versions = new VersionSource(redis, type, () => highestVersion(elastic, index()));
  const writer = {
    store,
    plan: planDocument(definition),
    versions,
    elastic,
    writeAlias: () => writeAlias(index()),
    onWritten: (times: readonly (number | null)[], written: number, superseded: number): void => {
      counts.written += written;
      counts.superseded += superseded;
      refresher.written(times);
    },
  };
  const runner = new Runner<Mark>({
    kafka,
    groupId: catalogGroup(groupPrefix, type),
    topics: [dirtyTopic(groupPrefix, type)],
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log,
    maxBatchRecords: options.maxBatchRecords,
    concurrency: 2,
    decode: async ({ key, value }) => {
      try {
        return decodeMark(key, value);
      } catch (error) {
        throw poison(error, 'RECORD_UNREADABLE', `a mark of ${type} cannot be read`);
      }
    },
    handle: (batch, control) => writeDocuments(writer, batch, control),
  });
  const opener: Component = {
    name: `search index ${type}`,
    start: async (signal) => {
      opened = await retry(() => openSearchIndex(elastic, options.indexPrefix, definition, log), {
        attempts: Number.POSITIVE_INFINITY,
        signal,
        onRetry: (error) => log.warn({ event: 'search_index_awaited', type, error: String(error) }),
      });
      if (opened.created) await markAll(kafka, store, groupPrefix, definition, log, signal);
    },
    stop: async () => undefined,
  };
  return {
    components: [opener, refresher.component(), runner.component()],
    latency,
    status: () => ({
      ...runner.status(),
      index: opened?.index ?? null,
      documentsWritten: counts.written,
      documentsSuperseded: counts.superseded,
      commitToSearchable: latency.summary(),
    }),
  };
}

/** Fills a new index from the row store: every root row is marked. Rows that arrive meanwhile are marked by stage 1 as always. */
async function markAll(
  kafka: KafkaClient,
  store: RowStore,
  groupPrefix: string,
  definition: DocumentDefinition,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const sender = new MarkSender(kafka, groupPrefix);
  const marks = sender.batch(signal);
  let documents = 0;
  try {
    await store.scan(definition.root, async (keys) => {
      signal.throwIfAborted();
      documents += keys.length;
      for (const key of keys) await marks.add(definition.type, key, null);
    });
    await marks.flush();
  } finally {
    await sender.close();
  }
  if (documents > 0) log.info({ event: 'documents_marked', type: definition.type, documents });
}
