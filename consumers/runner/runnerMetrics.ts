import { Counter, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';

/** Figures every consumer group has; one set per process. */
export interface RunnerMetrics {
  readonly records: Counter<'group'>;
  readonly deadLetters: Counter<'group' | 'code'>;
  readonly batchSeconds: Histogram<'group'>;
  readonly copyLosses: Counter<'group'>;
  readonly stockEvents: Counter<'type'>;
  /** Asks for a group's standing at each scrape. */
  watch(group: string, standing: GroupStanding): void;
}

export interface GroupStanding {
  /** Records not yet committed in all partitions of the group, whoever owns them; null before it was first sampled. */
  lag(): number | null;
  /** Partitions this process owns. */
  partitions(): number;
}

export function createRunnerMetrics(registry: Registry): RunnerMetrics {
  const standings = new Map<string, GroupStanding>();
  const gauge = (name: string, help: string, value: (standing: GroupStanding) => number | null): void => {
    new Gauge({
      name,
      help,
      labelNames: ['group'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [group, standing] of standings) {
          const now = value(standing);
          if (now !== null) this.set({ group }, now);
        }
      },
    });
  };
  gauge(
    'sluice_consumer_lag_records',
    'Records the group has not committed yet, whoever owns them: every process of the group tells the same.',
    (standing) => standing.lag(),
  );
  gauge('sluice_consumer_partitions', 'Partitions this process owns.', (standing) => standing.partitions());
  return {
    watch: (group, standing) => void standings.set(group, standing),
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
    stockEvents: new Counter({
      name: 'sluice_stock_events_total',
      help: 'Low-stock and back-in-stock events that were told.',
      labelNames: ['type'],
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
