import { STATUS_CODES } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { errorFields } from '#infra/runtime/errors.ts';
import { problemAnswer, SECURITY_HEADERS, serverOptions } from '#infra/runtime/http/exchange.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Registry } from '#infra/runtime/metrics.ts';
import type { CommandGateway } from '../gateways/procedure.ts';
import { COMMANDS } from '../model/commands.ts';
import { AuditLog } from './auditLog.ts';
import { type CommandRouteOptions, commandHandler } from './commandRoute.ts';
import { limitRate } from './guard.ts';
import type { KeyRing } from './keys.ts';
import { commandsOpenApi } from './openapi.ts';
import { commandProblem, PROBLEM_KINDS } from './problems.ts';

export interface CommandServerOptions {
  readonly gateway: CommandGateway;
  readonly keys: KeyRing;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Limits of config section `commands`. */
  readonly limits: {
    readonly ratePerSecond: number;
    readonly rateBurst: number;
    readonly addressRatePerSecond: number;
    readonly bodyLimitBytes: number;
    readonly requestTimeoutMs: number;
  };
  /** Milliseconds since 1970, for rates. */
  readonly now?: () => number;
}

/** A burst of one address is this many seconds of its rate. */
const ADDRESS_BURST_SECONDS = 2;

/** The command API, not yet listening. `audit` counts what was decided. */
export function createCommandServer(options: CommandServerOptions): {
  readonly app: FastifyInstance;
  readonly audit: AuditLog;
} {
  const now = options.now ?? Date.now;
  const { limits } = options;
  const audit = new AuditLog(options.log, options.metrics);
  const addressBuckets = new TokenBuckets({
    perSecond: limits.addressRatePerSecond,
    burst: Math.max(1, Math.ceil(limits.addressRatePerSecond * ADDRESS_BURST_SECONDS)),
  });
  const callerBuckets = new TokenBuckets({ perSecond: limits.ratePerSecond, burst: limits.rateBurst });
  const app: FastifyInstance = fastify({ ...serverOptions(limits.requestTimeoutMs), bodyLimit: limits.bodyLimitBytes });
  app.removeContentTypeParser('text/plain');
  answerUniformly(app, options.log);
  app.addHook('onRequest', async (request) => limitRate(addressBuckets, request.ip, now()));
  const route: CommandRouteOptions = { keys: options.keys, gateway: options.gateway, audit, callerBuckets, now };
  for (const command of COMMANDS) {
    app.route({
      method: command.method,
      url: command.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: commandHandler(command, route),
    });
  }
  addPublicRoutes(app, options.gateway);
  return { app, audit };
}

/** Headers every answer has, and problems for every error. */
function answerUniformly(app: FastifyInstance, log: Logger): void {
  app.addHook('onSend', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
  });
  app.setErrorHandler((error, request, reply) => sendProblem(commandProblem(error), request, reply, log));
  app.setNotFoundHandler((request, reply) => sendProblem(new HttpProblem(HTTP_PROBLEMS.notFound), request, reply, log));
}

function sendProblem(problem: HttpProblem, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  if (problem.kind.status >= 500) {
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

/** Health, the OpenAPI document and the pages that problem types name. None needs a key, none tells anything about the database. */
function addPublicRoutes(app: FastifyInstance, gateway: CommandGateway): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    await gateway.ping();
    return { status: 'ok' };
  });
  const document = commandsOpenApi();
  app.get('/openapi.json', async () => document);
  app.get<{ Params: { code: string } }>('/problems/:code', async (request) => {
    const kind = PROBLEM_KINDS.get(request.params.code);
    if (kind === undefined) throw new HttpProblem(HTTP_PROBLEMS.notFound);
    return {
      code: kind.code,
      status: kind.status,
      statusText: STATUS_CODES[kind.status],
      title: kind.title,
      remedy: kind.remedy,
    };
  });
}
