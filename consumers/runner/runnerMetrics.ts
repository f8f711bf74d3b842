import { Counter, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';

/** Figures every consumer group has; one set per process. */
export interface RunnerMetrics {
  readonly records: Counter<'group'>;
  readonly deadLetters: Counter<'group' | 'code'>;
  readonly batchSeconds: Histogram<'group'>;
  readonly copyLosses: Counter<'group'>;
}

export function createRunnerMetrics(registry: Registry): RunnerMetrics {
  return {
    records: new Counter({
      name: 'sluice_consumer_records_total',
      help: 'Records handled or put aside.',
      labelNames: ['group'],
      registers: [registry],
    }),
    deadLetters: new Counter({
      name: 'sluice_consumer_dead_letters_total',
      help: 'Records put aside, by error code.',
      labelNames: ['group', 'code'],
      registers: [registry],
    }),
    batchSeconds: new Histogram({
      name: 'sluice_consumer_batch_seconds',
      help: 'Seconds from decoding a batch to its effect.',
      labelNames: ['group'],
      buckets: LATENCY_BUCKETS_SECONDS,
      registers: [registry],
    }),
    copyLosses: new Counter({
      name: 'sluice_consumer_copy_losses_total',
      help: 'Times a partition was moved back because the store had lost what was written from it.',
      labelNames: ['group'],
      registers: [registry],
    }),
  };
}
