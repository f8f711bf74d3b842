import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, type Registry };

/** One registry per process part, so that tests can make many. Metric names start with `sluice_`, the unit ends the name. */
export function createMetrics(): Registry {
  return new Registry();
}

/** Adds Node's own figures (memory, event-loop lag) under the `sluice_` prefix. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, prefix: 'sluice_' });
}

/** Buckets in seconds for latencies from 1 ms to one minute. */
export const LATENCY_BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60];
