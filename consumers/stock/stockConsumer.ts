import { type Change, ChangeDecoder, type RecordDecoder } from '#consumers/runner/changes.ts';
import type { ConsumerContext } from '#consumers/runner/consumerContext.ts';
import { CopyLedger } from '#consumers/runner/ledger.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import { type StageSummary, StageTimes } from '#consumers/runner/stageTimes.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { retry } from '#infra/runtime/retry.ts';
import { forgetLevelsLoop } from './forgetLevels.ts';
import { type StockEvent, StockEventSender, stockEventsTopicSpec } from './stockEvents.ts';
import { writeStock } from './stockHandler.ts';

export interface StockConsumerOptions extends ConsumerContext {
  readonly redis: RedisClient;
  readonly decoder: RecordDecoder;
  readonly definition: StockDefinition;
  readonly topic: string;
  readonly topicSpec: { readonly partitions: number; readonly replicationFactor: number };
  /** Milliseconds a level that was taken away is remembered at least; 0: for ever. */
  readonly forgetDeletedAfterMs: number;
  readonly clock?: Clock;
}

export interface StockStatus extends RunnerStatus {
  readonly levelsWritten: number;
  readonly eventsTold: number;
  /** Milliseconds from commit in the source to acknowledged by Redis; snapshot rows do not count. */
  readonly commitToStock: ReturnType<LatencyWindow['summary']>;
  /** Milliseconds from commit to each stage before. */
  readonly commitTo: StageSummary;
}

export function stockGroup(groupPrefix: string): string {
  return `${groupPrefix}.stock`;
}

/** Stock rows → Redis. */
export function stockConsumer(options: StockConsumerOptions): {
  component: Component;
  latency: LatencyWindow;
  status(): StockStatus;
} {
  const { kafka, redis, definition, topic, clock = systemClock } = options;
  const groupId = stockGroup(options.groupPrefix);
  const latency = new LatencyWindow();
  let levelsWritten = 0;
  let eventsTold = 0;
  const sender = definition.events === undefined ? null : new StockEventSender(kafka, options.groupPrefix);
  const sink = {
    redis,
    definition,
    now: () => clock.now(),
    ...(sender && {
      sendEvents: async (events: readonly StockEvent[], signal: AbortSignal) => {
        await sender.send(events, signal);
        for (const { type } of events) options.metrics.stockEvents.inc({ type });
      },
    }),
  };
  const stages = new StageTimes();
  const changes = new ChangeDecoder(options.decoder, new Map([[topic, definition.table]]), stages);
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
      const { levels, sourceTsMs, events } = await writeStock(sink, batch, control);
      levelsWritten += levels;
      eventsTold += events;
      const nowMs = clock.now();
      for (const time of sourceTsMs) latency.record(Math.max(0, nowMs - time));
    },
  });
  const inner = runner.component();
  const forgetting = forgetLevelsLoop({
    kafka,
    redis,
    groupPrefix: options.groupPrefix,
    groupId,
    topics: [topic],
    keepMs: options.forgetDeletedAfterMs,
    log: options.log,
  });
  const component: Component = {
    ...inner,
    start: async (signal) => {
      const own = sender ? [stockEventsTopicSpec(options.groupPrefix, options.topicSpec)] : [];
      await retry(() => kafka.ensureTopics(own), { attempts: Number.POSITIVE_INFINITY, signal });
      await inner.start(signal);
      await forgetting.start(signal);
    },
    stop: async () => {
      await forgetting.stop();
      await inner.stop();
      await sender?.close();
    },
  };
  return {
    component,
    latency,
    status: () => ({
      ...runner.status(),
      levelsWritten,
      eventsTold,
      commitToStock: latency.summary(),
      commitTo: stages.summary(),
    }),
  };
}
