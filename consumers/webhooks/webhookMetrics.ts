import { Counter, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';

/** What a running endpoint shows. */
export interface WatchedEndpoint {
  readonly name: string;
  readonly disabled: boolean;
  readonly parked: number;
  /** Age of the oldest change that waits, seconds; 0 when none does. */
  readonly oldestParkedSeconds: number;
}

export interface WebhookMetrics {
  readonly events: Counter<'type'>;
  readonly attempts: Counter<'endpoint' | 'outcome'>;
  readonly attemptSeconds: Histogram<'endpoint'>;
  readonly commitToDelivered: Histogram<'endpoint'>;
  readonly givenUp: Counter<'endpoint'>;
  watch(endpoints: () => readonly WatchedEndpoint[]): void;
}

export function webhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry];
  const seconds = { registers, buckets: [...LATENCY_BUCKETS_SECONDS, 300, 3600], labelNames: ['endpoint'] as const };
  return {
    events: new Counter({
      name: 'sluice_webhook_events_total',
      help: 'Events made from changes, by type.',
      labelNames: ['type'],
      registers,
    }),
    attempts: new Counter({
      name: 'sluice_webhook_attempts_total',
      help: 'Attempts to deliver: delivered or failed.',
      labelNames: ['endpoint', 'outcome'],
      registers,
    }),
    attemptSeconds: new Histogram({
      ...seconds,
      name: 'sluice_webhook_attempt_seconds',
      help: 'Seconds from the request to the answer.',
    }),
    commitToDelivered: new Histogram({
      ...seconds,
      name: 'sluice_webhook_commit_to_delivered_seconds',
      help: 'Seconds from the commit in the source to the endpoint having it.',
    }),
    givenUp: new Counter({
      name: 'sluice_webhook_given_up_total',
      help: 'Messages an endpoint refused for so long that they were given up.',
      labelNames: ['endpoint'],
      registers,
    }),
    watch(endpoints) {
      const gauge = (name: string, help: string, read: (endpoint: WatchedEndpoint) => number): void => {
        new Gauge({
          name,
          help,
          labelNames: ['endpoint'],
          registers,
          collect() {
            for (const endpoint of endpoints()) this.set({ endpoint: endpoint.name }, read(endpoint));
          },
        });
      };
      gauge('sluice_webhook_endpoint_disabled', '1 while the endpoint gets nothing.', (e) => Number(e.disabled));
      gauge('sluice_webhook_parked', 'Messages that wait for their repetition in this process.', (e) => e.parked);
      gauge(
        'sluice_webhook_oldest_parked_seconds',
        'Age of the oldest change among them.',
        (e) => e.oldestParkedSeconds,
      );
    },
  };
}
