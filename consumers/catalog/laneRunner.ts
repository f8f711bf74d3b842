import { decodeMark, type Mark } from '#consumers/rows/marks.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import { type DeadLetters, poison } from '#consumers/runner/deadLetters.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import type { RunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { BulkWriter } from './bulk.ts';
import { type CatalogWriter, writeDocuments } from './catalogHandler.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import type { LaneGate, LaneGroup } from './lanes.ts';

export interface LaneRunnerOptions {
  readonly kafka: KafkaClient;
  readonly deadLetters: DeadLetters;
  readonly metrics: RunnerMetrics;
  readonly log: Logger;
  readonly maxBatchRecords: number;
  readonly group: LaneGroup;
  readonly gate: LaneGate;
  readonly writer: Omit<CatalogWriter, 'bulk' | 'coverage' | 'pieceDocuments' | 'turn'>;
  readonly elastic: Elastic;
  /** Alias the documents are written under. */
  alias(): string;
  /** Called when the index is not there. */
  heal(): Promise<void>;
}

/** Documents built at once: as many as one bulk request takes. */
const FAST_PIECE = 500;
/** In the wide lane fewer, because the change of a single product waits for the piece that is being built. */
const WIDE_PIECE = 250;
/** A batch of the wide lane ends soon, so that partitions can be handed over: some 3,000 marks. */
const WIDE_FETCH_BYTES = 256 << 10;

/** The group of one lane of a document type. */
export function laneRunner(options: LaneRunnerOptions): Runner<Mark> {
  const { group, gate, elastic } = options;
  const wide = group.lane === 'wide';
  const writer: CatalogWriter = {
    ...options.writer,
    bulk: new BulkWriter({ elastic, alias: () => options.alias() }),
    coverage: new Coverage(),
    pieceDocuments: wide ? WIDE_PIECE : FAST_PIECE,
    ...(wide && { turn: (signal) => gate.wideTurn(signal) }),
  };
  return new Runner<Mark>({
    kafka: options.kafka,
    groupId: group.groupId,
    topics: [group.topic],
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log: options.log,
    maxBatchRecords: options.maxBatchRecords,
    concurrency: 2,
    ...(wide && { maxBytesPerPartition: WIDE_FETCH_BYTES }),
    decode: ({ key, value }) => {
      try {
        return decodeMark(key, value);
      } catch (error) {
        throw poison(error, 'RECORD_UNREADABLE', `a mark in ${group.topic} cannot be read`);
      }
    },
    handle: async (batch, control) => {
      try {
        if (wide) await writeDocuments(writer, batch, control);
        else await gate.fast(() => writeDocuments(writer, batch, control));
      } catch (error) {
        if (refusedStatus(error) === 404) await options.heal();
        throw error;
      }
    },
  });
}

const WORST_FIRST: readonly RunnerStatus['state'][] = ['failed', 'retrying', 'starting', 'stopped', 'running'];

/** The groups of both lanes as one: the worse state, sums of what is counted. */
export function bothLanes(lanes: readonly RunnerStatus[]): RunnerStatus {
  const lags = lanes.map(({ lag }) => lag);
  return {
    ...lanes[0]!,
    state: WORST_FIRST.find((state) => lanes.some((lane) => lane.state === state))!,
    records: lanes.reduce((sum, { records }) => sum + records, 0),
    deadLetters: lanes.reduce((sum, { deadLetters }) => sum + deadLetters, 0),
    lag: lags.includes(null) ? null : lags.reduce<number>((sum, lag) => sum + lag!, 0),
    lastError: lanes.find(({ lastError }) => lastError !== null)?.lastError ?? null,
    rebuilding: lanes.some(({ rebuilding }) => rebuilding),
  };
}
