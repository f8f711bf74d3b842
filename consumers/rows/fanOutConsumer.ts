import type { ConsumerContext } from '#consumers/runner/consumerContext.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import { Runner, type RunnerStatus } from '#consumers/runner/runner.ts';
import type { RedisClient } from '#infra/redis/client.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { fanOut } from './fanOut.ts';
import { decodeTask, type FanOutTask, fanOutTopic } from './fanOutTasks.ts';
import { MarkSender } from './marks.ts';
import type { DocumentPlan } from './relations.ts';
import { RowStore } from './rowStore.ts';

export interface FanOutConsumerOptions extends ConsumerContext {
  readonly redis: RedisClient;
  /** Document types of all processes: tasks may come from another one. */
  readonly plans: () => readonly DocumentPlan[];
  readonly refreshPlans: () => Promise<void>;
}

/** Walks done side by side in one process. */
const CONCURRENCY = 2;

/** Group of the fan-out. */
export function fanOutGroup(groupPrefix: string): string {
  return fanOutTopic(groupPrefix);
}

export interface FanOutStatus extends RunnerStatus {
  /** Rows found under wide links so far, by this process. */
  readonly rowsWalked: number;
}

/** Between the stages: tasks → walks over wide links → marks of the wide lane. The topic is made by stage 1. */
export function fanOutConsumer(options: FanOutConsumerOptions): { component: Component; status(): FanOutStatus } {
  const { kafka, redis, groupPrefix } = options;
  const sender = new MarkSender(kafka, groupPrefix);
  let rowsWalked = 0;
  const writer = {
    store: new RowStore(redis),
    redis,
    get plans() {
      return options.plans();
    },
    refreshPlans: options.refreshPlans,
    coverage: new Coverage(),
    marks: (signal: AbortSignal) => sender.batch(signal),
    tasks: (signal: AbortSignal) => sender.tasks(signal),
    onPage: (rows: number): void => {
      rowsWalked += rows;
    },
  };
  const runner = new Runner<FanOutTask>({
    kafka,
    groupId: fanOutGroup(groupPrefix),
    topics: [fanOutTopic(groupPrefix)],
    deadLetters: options.deadLetters,
    metrics: options.metrics,
    log: options.log,
    maxBatchRecords: options.maxBatchRecords,
    concurrency: CONCURRENCY,
    decode: ({ key, value }) => {
      try {
        return decodeTask(key, value);
      } catch (error) {
        throw poison(error, 'RECORD_UNREADABLE', 'a task of the fan-out cannot be read');
      }
    },
    handle: (batch, control) => fanOut(writer, batch, control),
  });
  const inner = runner.component();
  return {
    status: () => ({ ...runner.status(), rowsWalked }),
    component: {
      ...inner,
      stop: async () => {
        await inner.stop();
        await sender.close();
      },
    },
  };
}
