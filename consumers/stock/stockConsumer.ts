import { type Change, ChangeDecoder, type RecordDecoder } from '#consumers/runner/changes.ts';
import type { DeadLetters } from '#consumers/runner/deadLetters.ts';
import { CopyLedger } from '#consumers/runner/ledger.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import type { RunnerMetrics } from '#consumers/runner/runnerMetrics.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { freshnessLoop } from './freshness.ts';
import { writeStock } from './stockHandler.ts';

export interface StockConsumerOptions {
  readonly kafka: KafkaClient;
  readonly redis: RedisClient;
  readonly decoder: RecordDecoder;
  readonly deadLetters: DeadLetters;
  readonly metrics: RunnerMetrics;
  readonly log: Logger;
  readonly definition: StockDefinition;
  readonly groupPrefix: string;
  readonly maxBatchRecords: number;
  readonly topic: string;
  readonly clock?: Clock;
}

export interface StockStatus extends RunnerStatus {
  readonly levelsWritten: number;
  /** Milliseconds from commit in the source to acknowledged by Redis; snapshot rows do not count. */
  readonly commitToStock: ReturnType<LatencyWindow['summary']>;
}

export function stockGroup(groupPrefix: string): string {
  return `${groupPrefix}.stock`;
}

/** Stock rows → Redis. Components in start order. */
export function stockConsumer(options: StockConsumerOptions): {
  components: Component[];
  latency: LatencyWindow;
  status(): StockStatus;
} {
  const { kafka, redis, definition, topic, clock = systemClock } = options;
  const groupId = stockGroup(options.groupPrefix);
  const latency = new LatencyWindow();
  let levelsWritten = 0;
  const changes = new ChangeDecoder(options.decoder, new Map([[topic, definition.table]]));
  const runner = new Runner<Change>({
    kafka,
    groupId,
    topics: [topic],
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log: options.log,
    maxBatchRecords: options.maxBatchRecords,
    ledger: new CopyLedger(redis, groupId),
    decode: (message) => changes.decode(message),
    handle: async (batch, control) => {
      const { levels, sourceTsMs } = await writeStock(redis, definition, batch, control);
      levelsWritten += levels;
      const nowMs = clock.now();
      for (const time of sourceTsMs) latency.record(Math.max(0, nowMs - time));
    },
  });
  return {
    components: [runner.component(), freshnessLoop({ kafka, redis, groupId, topic, clock })],
    latency,
    status: () => ({ ...runner.status(), levelsWritten, commitToStock: latency.summary() }),
  };
}
