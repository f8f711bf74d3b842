import { checkLinksEntered } from '#consumers/rows/linkPlan.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { rowsGroup } from '#consumers/rows/rowsConsumer.ts';
import type { ConsumerContext } from '#consumers/runner/consumerContext.ts';
import { untilPassed } from '#consumers/runner/lag.ts';
import type { RunnerStatus } from '#consumers/runner/runner.ts';
import { type StageSummary, StageTimes } from '#consumers/runner/stageTimes.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Elastic } from './elastic.ts';
import type { BuildState } from './indexBuild.ts';
import { IndexHolder } from './indexHolder.ts';
import { keepIndexBuilt, type SwapWhen } from './indexLoop.ts';
import { bothLanes, laneRunner } from './laneRunner.ts';
import { catalogLanes, LaneGate } from './lanes.ts';
import { Refresher } from './refresher.ts';
import { aliasName, highestVersion, writeAlias } from './searchIndex.ts';
import { VersionSource } from './versions.ts';
import { wholeRows } from './wholeRows.ts';

/** Documents built at once while an index is filled: as many as one bulk request takes. */
const BUILD_PAGE = 500;

export interface CatalogConsumerOptions extends ConsumerContext {
  readonly redis: RedisClient;
  readonly elastic: Elastic;
  readonly definition: DocumentDefinition;
  readonly indexPrefix: string;
  readonly refreshIntervalMs: number;
  /** When searches go to a new version's index. */
  readonly swapIndex: SwapWhen;
  /** Topics of the tables the rows group reads. */
  readonly rowsTopics: readonly string[];
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
  /** Milliseconds from commit to each stage before. */
  readonly commitTo: StageSummary;
}

/** Stage 2: marks → documents → Elasticsearch, for one document type. Components in start order. */
export function catalogConsumer(options: CatalogConsumerOptions): {
  components: Component[];
  latency: LatencyWindow;
  status(): CatalogStatus;
} {
  const { redis, elastic, definition, groupPrefix, log, clock = systemClock } = options;
  const { type } = definition;
  const latency = new LatencyWindow();
  const store = new RowStore(redis);
  const stages = new StageTimes();
  const counts = { written: 0, superseded: 0 };
  const lanes = catalogLanes(groupPrefix, definition);
  let build: BuildState | null = null;
  const holder = new IndexHolder({ ...options, lanes, clock });
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
    stages,
    onWritten: (times: readonly (number | null)[], written: number, superseded: number): void => {
      counts.written += written;
      counts.superseded += superseded;
      const nowMs = clock.now();
      for (const time of times) stages.record('written', time, nowMs);
      refresher.written(times);
    },
  };
  const rowsReady = async (signal: AbortSignal): Promise<void> => {
    await checkLinksEntered(redis, rowsGroup(groupPrefix), [definition]);
    // A table that is new to the type is read from its beginning; before that its documents would lack it.
    await untilPassed(options.kafka, rowsGroup(groupPrefix), options.rowsTopics, clock, signal);
  };
  const gate = new LaneGate(clock);
  const runners = lanes.map((group) =>
    laneRunner({
      ...options,
      group,
      gate,
      writer,
      elastic,
      alias: () => writeAlias(index()),
      heal: () => holder.heal(),
    }),
  );
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
      rowsReady,
      lanes,
      pageDocuments: BUILD_PAGE,
      onWritten: writer.onWritten,
      clock,
    };
    const onState = (state: BuildState): void => {
      build = state;
    };
    await keepIndexBuilt(building, options.swapIndex, holder, onState, signal);
  });
  return {
    components: [opener, refresher.component(), ...runners.map((runner) => runner.component()), builder],
    latency,
    status: () => ({
      ...bothLanes(runners.map((runner) => runner.status())),
      index: holder.index,
      definitionChanged: holder.definitionChanged,
      build,
      documentsWritten: counts.written,
      documentsSuperseded: counts.superseded,
      commitToSearchable: latency.summary(),
      commitTo: stages.summary(),
    }),
  };
}
