import type { FastifyInstance } from 'fastify';
import type { StockReader } from '#consumers/stock/stockTypes.ts';
import type { StorefrontConfig } from '#infra/runtime/config/storefront.ts';
import { SECURITY_HEADERS } from '#infra/runtime/http/exchange.ts';
import { HttpProblem } from '#infra/runtime/http/problem.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { corsHeaders } from './cors.ts';
import type { LiveStock } from './liveStock.ts';
import { STREAM_PROBLEMS } from './problems.ts';
import { checked, skusQuery, stockQuery } from './queryParameters.ts';
import { type ReadYourWrites, waitForCopy } from './readYourWrites.ts';
import { stockAnswers } from './stockAnswers.ts';
import type { StockHub } from './stockHub.ts';
import { StockStream } from './stockStream.ts';

export interface StockRouteOptions {
  readonly stock: StockReader;
  /** Asks for the articles that no copy may answer for. */
  readonly live?: LiveStock | undefined;
  readonly waits?: ReadYourWrites | undefined;
  readonly hub?: StockHub | undefined;
  readonly limits: Omit<StorefrontConfig, 'http'>;
  readonly log: Logger;
  readonly now: () => number;
}

/** Milliseconds a browser waits before it opens a broken stream again. */
const RECONNECT_MS = 2000;
const RETRY_SECONDS = 5;

/** GET /stock (a batch of skus) and GET /stock/stream (server-sent events). */
export function addStockRoutes(app: FastifyInstance, options: StockRouteOptions): void {
  const { waits, hub, limits } = options;
  const answers = { ...options, staleAfterSeconds: limits.stockStaleAfterSeconds };
  app.get('/stock', async (request, reply) => {
    const { skus, after } = checked(stockQuery, request.query);
    await waitForCopy(waits, 'stock', after, reply);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const items = await stockAnswers(answers, skus, gone.signal);
    const known = new Set(items.map(({ sku }) => sku));
    reply.header('cache-control', 'no-store');
    return { items, unknown: skus.filter((sku) => !known.has(sku)) };
  });

  if (hub === undefined) return;
  const corsOrigins = new Set(limits.corsOrigins);

  app.get('/stock/stream', async (request, reply) => {
    const { skus } = checked(skusQuery, request.query);
    if (!hub.hasRoomFor(request.ip))
      throw new HttpProblem(STREAM_PROBLEMS.tooMany, { retryAfterSeconds: RETRY_SECONDS });
    const lastEventId = request.headers['last-event-id'];
    reply.hijack();
    reply.raw.writeHead(200, {
      ...SECURITY_HEADERS,
      ...corsHeaders(request, corsOrigins),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': request.id,
    });
    reply.raw.write(`retry: ${RECONNECT_MS}\n\n`);
    hub.open(
      new StockStream({
        response: reply.raw,
        address: request.ip,
        skus,
        maxBufferedBytes: limits.streamBufferBytes,
        ...(typeof lastEventId === 'string' ? { lastEventId } : {}),
      }),
    );
  });
}
