import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { CatalogSearch } from '#consumers/catalog/searchTypes.ts';
import type { CopyName, CopyProgressReader } from '#consumers/orders/commandWaits.ts';
import type { OrderReader } from '#consumers/orders/orderTypes.ts';
import type { StockReader } from '#consumers/stock/stockTypes.ts';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import type { StorefrontConfig } from '#infra/runtime/config/storefront.ts';
import { errorFields, isAbort } from '#infra/runtime/errors.ts';
import { asProblem, problemAnswer, SECURITY_HEADERS, serverOptions } from '#infra/runtime/http/exchange.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';
import { TokenCheck } from '#infra/runtime/http/tokens.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Registry } from '#infra/runtime/metrics.ts';
import { corsHeaders } from './cors.ts';
import { countRequests } from './httpMetrics.ts';
import type { LiveStock } from './liveStock.ts';
import { storefrontOpenApi } from './openapi.ts';
import { OrderAccess } from './orderAccess.ts';
import { addOrderRoutes } from './orderRoutes.ts';
import { addProductRoutes } from './productRoutes.ts';
import { addPublicRoutes } from './publicRoutes.ts';
import type { StockHub } from './stockHub.ts';
import { addStockRoutes } from './stockRoutes.ts';

/** The query sides the read API is built on. Without stock or orders those routes answer 404. */
export interface QuerySides {
  readonly search: CatalogSearch<object>;
  /** What shoppers may ask of the documents. */
  readonly searchDefinition: SearchDefinition;
  readonly stock?: StockReader | undefined;
  readonly orders?: OrderReader | undefined;
  /** How far the copies have come; without it answers tell no age of documents, and nothing can be waited for. */
  readonly progress?: CopyProgressReader | undefined;
  /** Articles that are asked live. */
  readonly live?: LiveStock | undefined;
  /** The copy of the documents that are searched, for `progress`. */
  readonly documents?: CopyName | undefined;
}

export interface StorefrontServerOptions {
  readonly sides: QuerySides;
  /** Spreads stock changes to open streams; there when `sides.stock` is. */
  readonly hub?: StockHub | undefined;
  readonly limits: Omit<StorefrontConfig, 'http'>;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly now?: () => number;
}

/** The read API takes no bodies. */
const BODY_LIMIT_BYTES = 1024;

/** The storefront read API, not yet listening. */
export function createStorefrontServer(options: StorefrontServerOptions): FastifyInstance {
  const { sides, limits, log, hub } = options;
  const now = options.now ?? Date.now;
  const buckets = new TokenBuckets({ perSecond: limits.addressRatePerSecond, burst: limits.addressRateBurst });
  const app: FastifyInstance = fastify({ ...serverOptions(limits.requestTimeoutMs), bodyLimit: BODY_LIMIT_BYTES });
  answerUniformly(app, limits.corsOrigins, log);
  countRequests(app, options.metrics);
  app.addHook('onRequest', async (request) => {
    const waitSeconds = buckets.take(request.ip, now());
    if (waitSeconds > 0) throw new HttpProblem(HTTP_PROBLEMS.rateLimited, { retryAfterSeconds: waitSeconds });
  });
  const { search, stock, live, progress, documents } = sides;
  const waits = progress && { progress, maxWaitMs: limits.maxOrderWaitMs };
  addProductRoutes(app, { search, definition: sides.searchDefinition, stock, waits, documents, now });
  if (stock !== undefined) addStockRoutes(app, { stock, live, waits, hub, limits, log, now });
  if (sides.orders !== undefined) {
    const access = new OrderAccess(new TokenCheck(limits.customerTokens, log));
    addOrderRoutes(app, { orders: sides.orders, access, progress, maxWaitMs: limits.maxOrderWaitMs, now });
  }
  addPublicRoutes(app, sides, storefrontOpenApi(sides.searchDefinition));
  return app;
}

/** Headers every answer has, CORS for the origins that are listed, and problems for every error. */
function answerUniformly(app: FastifyInstance, corsOrigins: readonly string[], log: Logger): void {
  const allowed = new Set(corsOrigins);
  app.addHook('onSend', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, ...corsHeaders(request, allowed), 'x-request-id': request.id });
  });
  app.setErrorHandler((error, request, reply) => sendProblem(storefrontProblem(error), request, reply, log));
  app.setNotFoundHandler((request, reply) => sendProblem(new HttpProblem(HTTP_PROBLEMS.notFound), request, reply, log));
}

/** Errors of the query sides that are the caller's mistake: a search that is not on the definition's lists, a cursor that is none. */
const BAD_REQUESTS: ReadonlySet<unknown> = new Set(['SEARCH_REQUEST_INVALID', 'ORDER_REQUEST_INVALID']);

function storefrontProblem(error: unknown): HttpProblem {
  const isBadRequest = error instanceof Error && 'code' in error && BAD_REQUESTS.has(error.code);
  return isBadRequest
    ? new HttpProblem(HTTP_PROBLEMS.validation, { detail: error.message, cause: error })
    : asProblem(error);
}

function sendProblem(problem: HttpProblem, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  // A caller that went away while it waited gets no answer, and nothing failed.
  const isGone = isAbort(problem.cause) && request.raw.socket.destroyed;
  if (problem.kind.status >= 500 && !isGone) {
    log.warn({
      event: 'request_failed',
      requestId: request.id,
      problem: problem.kind.code,
      ...errorFields(problem.cause ?? problem),
    });
  }
  const answer = problemAnswer(problem, request.url, request.id);
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}
