import type { FastifyInstance } from 'fastify';
import { Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';

/** Times every request by route pattern and status class, so that the number of series does not grow with skus. */
export function countRequests(app: FastifyInstance, metrics: Registry): void {
  const duration = new Histogram({
    name: 'sluice_storefront_request_duration_seconds',
    help: 'Requests to the read API by route and status class.',
    labelNames: ['route', 'status'],
    buckets: LATENCY_BUCKETS_SECONDS,
    registers: [metrics],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    duration.observe({ route, status: `${Math.floor(reply.statusCode / 100)}xx` }, reply.elapsedTime / 1000);
  });
}
