import { type Change, ChangeDecoder, type RecordDecoder } from '#consumers/runner/changes.ts';
import type { ConsumerContext } from '#consumers/runner/consumerContext.ts';
import { CopyLedger } from '#consumers/runner/ledger.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import { type StageSummary, StageTimes } from '#consumers/runner/stageTimes.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { retry } from '#infra/runtime/retry.ts';
import { fanOutTopicSpec } from './fanOutTasks.ts';
import { forgetRowsLoop } from './forgetRows.ts';
import { LinkPlan } from './linkPlan.ts';
import { dirtyTopicSpec, LANES, MarkSender } from './marks.ts';
import { type DocumentPlan, planDocument, planTables } from './relations.ts';
import { RowStore } from './rowStore.ts';
import { keepRows } from './rowsHandler.ts';

export interface RowsConsumerOptions extends ConsumerContext {
  readonly redis: RedisClient;
  readonly decoder: RecordDecoder;
  readonly documents: readonly DocumentDefinition[];
  /** Milliseconds a deleted row is remembered at least; 0: for ever. */
  readonly forgetDeletedAfterMs: number;
  readonly topicSpec: { readonly partitions: number; readonly replicationFactor: number };
  /** Topic of a table. */
  topicOf(table: string): string;
}

/** Stage 1 as it stands. */
export interface RowsStatus extends RunnerStatus {
  /** Milliseconds from commit in the source to each stage. */
  readonly commitTo: StageSummary;
}

/** Group of stage 1. */
export function rowsGroup(groupPrefix: string): string {
  return `${groupPrefix}.rows`;
}

/** Tables stage 1 reads. */
export function rowsTables(documents: readonly DocumentDefinition[]): string[] {
  return [...planTables(documents.map(planDocument)).keys()];
}

/** Stage 1: change topics → row store → marks. */
export function rowsConsumer(options: RowsConsumerOptions): {
  component: Component;
  /** Document types of all processes; see linkPlan.ts. */
  plans(): readonly DocumentPlan[];
  refreshPlans(): Promise<void>;
  status(): RowsStatus;
} {
  const { kafka, redis, documents, groupPrefix } = options;
  const tables = planTables(documents.map(planDocument));
  const topics = new Map([...tables.keys()].map((table) => [options.topicOf(table), table]));
  const store = new RowStore(redis);
  const stages = new StageTimes();
  const marks = new MarkSender(kafka, groupPrefix, stages);
  const changes = new ChangeDecoder(options.decoder, topics, stages);
  const plan = new LinkPlan({
    redis,
    store,
    groupId: rowsGroup(groupPrefix),
    documents,
    output: (signal) => ({ marks: marks.batch(signal), tasks: marks.tasks(signal) }),
    log: options.log,
  });
  const runner = new Runner<Change>({
    kafka,
    groupId: rowsGroup(groupPrefix),
    topics: [...topics.keys()],
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log: options.log,
    maxBatchRecords: options.maxBatchRecords,
    ledger: new CopyLedger(redis, rowsGroup(groupPrefix)),
    plan,
    decode: (message) => changes.decode(message),
    handle: (batch, control) =>
      keepRows(
        {
          store,
          marks: marks.batch(control.signal),
          tasks: marks.tasks(control.signal),
          confirm: () => control.confirm(),
        },
        plan.table(topics.get(batch.topic)!),
        batch.records.map(({ value }) => value),
      ),
  });
  const inner = runner.component();
  const linking = plan.component();
  const forgetting = forgetRowsLoop({
    kafka,
    redis,
    store,
    groupPrefix,
    groupId: rowsGroup(groupPrefix),
    topics: [...topics.keys()],
    tables: topics,
    keepMs: options.forgetDeletedAfterMs,
    log: options.log,
  });
  return {
    plans: () => plan.plans,
    refreshPlans: () => plan.refresh(),
    status: () => ({ ...runner.status(), commitTo: stages.summary() }),
    component: {
      name: inner.name,
      failed: Promise.race([inner.failed!, linking.failed!, forgetting.failed!]),
      start: async (signal) => {
        const { topicSpec } = options;
        const own = [
          fanOutTopicSpec(groupPrefix, topicSpec),
          ...documents.flatMap(({ type }) => LANES.map((lane) => dirtyTopicSpec(groupPrefix, type, lane, topicSpec))),
        ];
        const forEver = { attempts: Number.POSITIVE_INFINITY, signal };
        await retry(() => kafka.ensureTopics(own), forEver);
        await retry(() => plan.refresh(), forEver);
        await inner.start(signal);
        await linking.start(signal);
        await forgetting.start(signal);
      },
      stop: async () => {
        await forgetting.stop();
        await linking.stop();
        await inner.stop();
        await marks.close();
      },
    },
  };
}
