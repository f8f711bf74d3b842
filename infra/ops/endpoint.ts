import { type FastifyInstance, fastify } from 'fastify';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Registry } from '#infra/runtime/metrics.ts';

export interface OpsEndpointOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: Registry;
  /** Whether every component of the process has started and no stop was asked for. */
  readonly ready: () => boolean;
  /** A name to a JSON-able value; shown together at /status. */
  readonly status: Readonly<Record<string, () => unknown>>;
}

/**
 * The endpoint for operators: /livez (the process answers), /readyz (503 until every part has started), /status (JSON facts of each part)
 * and /metrics (Prometheus). It changes nothing and shows no rows and no secrets.
 */
export class OpsEndpoint implements Component {
  readonly name = 'ops endpoint';
  readonly #options: OpsEndpointOptions;
  readonly #server: FastifyInstance;

  constructor(options: OpsEndpointOptions) {
    this.#options = options;
    this.#server = fastify({ bodyLimit: 1024, requestTimeout: 10_000 });
    this.#addRoutes();
  }

  /** http://host:port once started. */
  get url(): string {
    const address = this.#server.server.address();
    if (address === null || typeof address === 'string') return '';
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }

  async start(): Promise<void> {
    await this.#server.listen({ host: this.#options.host, port: this.#options.port });
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }

  #addRoutes(): void {
    const { metrics, ready, status } = this.#options;
    this.#server.get('/livez', () => ({ status: 'ok' }));
    this.#server.get('/readyz', (_request, reply) =>
      reply.code(ready() ? 200 : 503).send({ status: ready() ? 'ready' : 'starting or stopping' }),
    );
    this.#server.get('/status', (_request, reply) => {
      const facts = Object.fromEntries(Object.entries(status).map(([name, read]) => [name, read()]));
      return reply
        .type('application/json')
        .send(toJson({ pid: process.pid, memoryBytes: process.memoryUsage.rss(), ...facts }));
    });
    this.#server.get('/metrics', async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.metrics()),
    );
  }
}

/** JSON in which bigints (offsets, counters) are decimal text. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), indent);
}
