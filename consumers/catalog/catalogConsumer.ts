import { decodeMark, dirtyTopic, type Mark } from '#consumers/rows/marks.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { rowsGroup } from '#consumers/rows/rowsConsumer.ts';
import type { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import type { RunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { writeDocuments } from './catalogHandler.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import { type BuildState, buildAndSwap, buildIndex } from './indexBuild.ts';
import { IndexHolder } from './indexHolder.ts';
import { Refresher } from './refresher.ts';
import { aliasName, highestVersion, writeAlias } from './searchIndex.ts';
import { VersionSource } from './versions.ts';
import { wholeRows } from './wholeRows.ts';

/** Documents built at once while an index is filled: as many as one bulk request takes. */
const BUILD_PAGE = 500;

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
  /** Whether searches go to a new version's index as soon as it is built and equals the rows, or only when told. */
  readonly swapIndex: 'when-built' | 'by-command';
  readonly clock?: Clock;
}

export interface CatalogStatus extends RunnerStatus {
  readonly index: string | null;
  /** The configuration's definition is not the one the index was built by, yet has its version. */
  readonly definitionChanged: boolean;
  readonly build: BuildState | null;
  readonly documentsWritten: number;
  readonly documentsSuperseded: number;
  /** Milliseconds from commit in the source to searchable. */
  readonly commitToSearchable: ReturnType<LatencyWindow['summary']>;
}

/** Group of stage 2 for one version of a document type: each version writes an index of its own, so it reads the marks by itself. */
export function catalogGroup(
  groupPrefix: string,
  { type, version }: Pick<DocumentDefinition, 'type' | 'version'>,
): string {
  return `${groupPrefix}.catalog.${type}.v${version}`;
}

/** Stage 2: marks → documents → Elasticsearch, for one document type. Components in start order. */
export function catalogConsumer(options: CatalogConsumerOptions): {
  components: Component[];
  latency: LatencyWindow;
  status(): CatalogStatus;
} {
  const { kafka, redis, elastic, definition, groupPrefix, log, clock = systemClock } = options;
  const { type } = definition;
  const latency = new LatencyWindow();
  const store = new RowStore(redis);
  const counts = { written: 0, superseded: 0 };
  const groupId = catalogGroup(groupPrefix, definition);
  const topic = dirtyTopic(groupPrefix, type);
  let build: BuildState | null = null;
  const holder = new IndexHolder({ ...options, groupId, topic, clock });
  const index = (): string => holder.info.index;
  const refresher = new Refresher({ elastic, index, intervalMs: options.refreshIntervalMs, latency, log });
  const versions = new VersionSource(redis, type, () =>
    highestVersion(elastic, `${aliasName(options.indexPrefix, type)}-v*`),
  );
  const writer = {
    store,
    plan: planDocument(definition),
    versions,
    whole: wholeRows(redis, rowsGroup(groupPrefix)),
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
    groupId,
    topics: [topic],
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
    handle: (batch, control) =>
      writeDocuments(writer, batch, control).catch(async (error: unknown) => {
        if (refusedStatus(error) === 404) await holder.heal();
        throw error;
      }),
  });
  const opener: Component = {
    name: `search index ${type}`,
    start: (signal) => holder.open(signal),
    stop: async () => undefined,
  };
  const builder = backgroundLoop(`search index builder ${type}`, async (signal) => {
    const building = {
      ...options,
      store,
      plan: writer.plan,
      versions,
      whole: writer.whole,
      groupId,
      topic,
      pageDocuments: BUILD_PAGE,
      onWritten: writer.onWritten,
      clock,
    };
    const onState = (state: BuildState): void => {
      build = state;
    };
    const once = async (): Promise<void> => {
      const atOnce = options.swapIndex === 'when-built' || holder.searchless;
      await (atOnce ? buildAndSwap : buildIndex)(building, holder.info, onState, signal);
      holder.filled(new Date(clock.now()).toISOString());
    };
    while (!signal.aborted) {
      await retry(() => once(), {
        attempts: Number.POSITIVE_INFINITY,
        signal,
        retryIf: isRetriable,
        onRetry: (error) => {
          log.warn({ event: 'search_index_build_interrupted', type, error: String(error) });
          if (refusedStatus(error) === 404) void holder.heal();
        },
      });
      await holder.untilUnfilled(signal);
    }
  });
  return {
    components: [opener, refresher.component(), runner.component(), builder],
    latency,
    status: () => ({
      ...runner.status(),
      index: holder.index,
      definitionChanged: holder.definitionChanged,
      build,
      documentsWritten: counts.written,
      documentsSuperseded: counts.superseded,
      commitToSearchable: latency.summary(),
    }),
  };
}
