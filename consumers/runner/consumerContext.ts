import type { KafkaClient } from '#infra/kafka/types.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { DeadLetters } from './deadLetters.ts';
import type { RunnerMetrics } from './runnerMetrics.ts';

/** What every consumer of a process shares. */
export interface ConsumerContext {
  readonly kafka: KafkaClient;
  readonly deadLetters: DeadLetters;
  readonly metrics: RunnerMetrics;
  readonly log: Logger;
  /** First part of the names of groups and of the topics that are the consumers' own. */
  readonly groupPrefix: string;
  /** Most records handled at once. */
  readonly maxBatchRecords: number;
}
