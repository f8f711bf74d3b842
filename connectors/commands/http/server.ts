import type { SecureContextOptions } from 'node:tls';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { errorFields } from '#infra/runtime/errors.ts';
import { problemAnswer, SECURITY_HEADERS, serverOptions } from '#infra/runtime/http/exchange.ts';
import type { HttpProblem } from '#infra/runtime/http/problem.ts';
import { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Authenticator } from '../callers/authenticator.ts';
import type { CommandGateway } from '../gateways/procedure.ts';
import { COMMANDS } from '../model/commands.ts';
import type { AuditLog } from '../pipeline/auditLog.ts';
import { commandProblem } from '../pipeline/problems.ts';
import type { CommandPipeline } from '../pipeline/useCases.ts';
import type { CommandQueue } from '../queue/queue.ts';
import { addSoapRoutes, SOAP_PATH, type SoapRouteOptions } from '../soap/soapRoutes.ts';
import { batchHandler } from './batchRoute.ts';
import { commandHandler } from './commandRoute.ts';
import { factsOf, setFacts } from './exchange.ts';
import { authenticate, limitAddress } from './guard.ts';
import { addCors, answerOptions, checkMedia, MethodTable } from './negotiation.ts';
import { noRoute, publicRoutes } from './publicRoutes.ts';
import { statusHandler } from './statusRoute.ts';
import { parseStrictJson } from './strictJson.ts';
import { childTrace } from './trace.ts';

export interface CommandServerOptions {
  readonly pipeline: CommandPipeline;
  readonly gateway: CommandGateway;
  readonly authenticator: Authenticator;
  readonly audit: AuditLog;
  readonly queue?: CommandQueue | undefined;
  /** Present: the same use cases as SOAP messages at /soap. */
  readonly soap?: SoapRouteOptions | undefined;
  /** The OpenAPI document that GET /openapi.json answers. */
  readonly document: () => object;
  readonly log: Logger;
  readonly limits: ServerLimits;
  /** Present: HTTPS, with client certificates when `ca` is there. */
  readonly tls?: ServerTls | undefined;
  /** Milliseconds since 1970, for rates. */
  readonly now?: () => number;
}

/** Limits of config section `commands`. */
export interface ServerLimits {
  readonly addressRatePerSecond: number;
  readonly bodyLimitBytes: number;
  readonly batchBodyLimitBytes: number;
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  /** Whose word on the client's address is believed: nobody's, or these proxies' (addresses or CIDR ranges). */
  readonly trustProxy: false | readonly string[];
  readonly corsOrigins: readonly string[];
}

export interface ServerTls extends Pick<SecureContextOptions, 'key' | 'cert' | 'ca'> {
  /** Refuse clients without a certificate of `ca`; otherwise a certificate is one credential among others. */
  readonly requireClientCertificate: boolean;
}

/** A burst of one address is this many seconds of its rate. */
const ADDRESS_BURST_SECONDS = 2;

/** The command API, not yet listening. */
export function createCommandServer(options: CommandServerOptions): FastifyInstance {
  const app = newApp(options);
  const methods = new MethodTable();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseStrictJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  addHooks(app, options, methods);
  addRoutes(app, options, methods);
  return app;
}

function newApp({ limits, tls }: CommandServerOptions): FastifyInstance {
  const base = {
    ...serverOptions(limits.requestTimeoutMs),
    exposeHeadRoutes: true,
    bodyLimit: limits.bodyLimitBytes,
    trustProxy: limits.trustProxy === false ? false : [...limits.trustProxy],
  };
  if (tls === undefined) return capped(fastify(base), limits);
  const { requireClientCertificate, ...context } = tls;
  const https = {
    ...context,
    ...base.http,
    minVersion: 'TLSv1.2' as const,
    requestCert: tls.ca !== undefined,
    rejectUnauthorized: requireClientCertificate,
  };
  const { http: _plain, ...rest } = base;
  return capped(fastify({ ...rest, https }) as unknown as FastifyInstance, limits);
}

function capped(app: FastifyInstance, { maxConnections }: ServerLimits): FastifyInstance {
  app.server.maxConnections = maxConnections;
  return app;
}

/** Headers every answer has, limits before any work is done, and problems for every error. */
function addHooks(app: FastifyInstance, options: CommandServerOptions, methods: MethodTable): void {
  const { limits } = options;
  const now = options.now ?? Date.now;
  const addresses = new TokenBuckets({
    perSecond: limits.addressRatePerSecond,
    burst: Math.max(1, Math.ceil(limits.addressRatePerSecond * ADDRESS_BURST_SECONDS)),
  });
  app.addHook('onRequest', async (request, reply) => {
    const traceparent = childTrace(request.headers.traceparent);
    setFacts(request, { traceparent, startedAtMs: now() });
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id, traceparent });
    addCors(request, reply, limits.corsOrigins);
    limitAddress(addresses, request.ip, now());
    const allowed = request.method === 'OPTIONS' ? methods.allowed(request.url) : undefined;
    if (allowed !== undefined) return answerOptions(request, reply, allowed, limits.corsOrigins);
    // The SOAP door speaks XML and checks its own media types.
    if (!(request.routeOptions.config as { readonly isXml?: boolean }).isXml) checkMedia(request);
  });
  app.setErrorHandler((error, request, reply) => {
    // A method the framework has never heard of fails before it is looked for: what the path has is what counts.
    const isForeign = methods.allowed(request.url)?.includes(request.method) === false;
    return sendProblem(isForeign ? noRoute(methods, request.url) : commandProblem(error), request, reply, options);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(noRoute(methods, request.url), request, reply, options));
}

function sendProblem(
  problem: HttpProblem,
  request: FastifyRequest,
  reply: FastifyReply,
  { log, audit, now = Date.now }: CommandServerOptions,
): FastifyReply {
  const { traceparent, startedAtMs, caller } = factsOf(request);
  if (problem.kind.status >= 500) {
    const { kind, cause } = problem;
    log.warn({ event: 'request_failed', requestId: request.id, problem: kind.code, ...errorFields(cause ?? problem) });
  }
  const { command } = request.routeOptions.config as { readonly command?: string };
  // What was refused before the pipeline saw it (credential, media type, broken JSON) is decided here.
  if (command !== undefined && !audit.wasNoted(problem)) {
    const decided = { door: 'rest' as const, requestId: request.id, traceparent, caller };
    audit.decided(command, decided, problem.kind.code, now() - startedAtMs);
  }
  const answer = problemAnswer(problem, request.url, request.id);
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}

function addRoutes(app: FastifyInstance, options: CommandServerOptions, methods: MethodTable): void {
  const { pipeline, gateway, authenticator, audit, queue, limits } = options;
  const guarded = {
    onRequest: async (request: FastifyRequest): Promise<void> => {
      factsOf(request).caller = await authenticate(request, authenticator);
    },
  };
  const add = (
    method: 'GET' | 'POST',
    path: string,
    name: string,
    handler: Handler,
    bodyLimit = limits.bodyLimitBytes,
  ): void => {
    methods.add(path, method);
    app.route({ method, url: fastifyPath(path), config: { command: name }, ...guarded, bodyLimit, handler });
  };
  for (const command of COMMANDS)
    add(command.route.method, command.route.path, command.name, commandHandler(command, pipeline));
  const batch = { pipeline, gateway, audit, now: options.now ?? Date.now };
  add('POST', '/batches', 'Batch', batchHandler(COMMANDS, batch), limits.batchBodyLimitBytes);
  add('GET', '/commands/{commandId}', 'CommandStatus', statusHandler(queue));
  if (options.soap !== undefined) {
    methods.add(SOAP_PATH, 'POST');
    methods.add(SOAP_PATH, 'GET');
    addSoapRoutes(app, options.soap);
  }
  for (const { path, handler } of publicRoutes(gateway, options.document)) {
    methods.add(path, 'GET');
    app.get(path, handler);
  }
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** `{name}` as the framework writes it: `:name`. */
const fastifyPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');
