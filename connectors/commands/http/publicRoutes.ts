import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem, type ProblemKind } from '#infra/runtime/http/problem.ts';
import type { CommandGateway } from '../gateways/procedure.ts';
import { commandProblem, PROBLEM_KINDS } from '../pipeline/problems.ts';
import type { MethodTable } from './negotiation.ts';

/** A route that needs no credential and tells nothing about the database. */
export interface PublicRoute {
  readonly path: string;
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

/** Health, the OpenAPI document and the pages that problem types name. */
export function publicRoutes(gateway: Pick<CommandGateway, 'ping'>, document: () => object): readonly PublicRoute[] {
  let openApi: string | undefined;
  return [
    { path: '/livez', handler: async () => ({ status: 'ok' }) },
    {
      path: '/readyz',
      handler: async () => {
        await gateway.ping().catch((error: unknown) => Promise.reject(commandProblem(error)));
        return { status: 'ok' };
      },
    },
    {
      path: '/openapi.json',
      handler: async (_request, reply) => {
        openApi ??= JSON.stringify(document());
        return reply.type('application/json; charset=utf-8').send(openApi);
      },
    },
    { path: '/problems/:code', handler: async (request) => problemPage((request.params as { code: string }).code) },
  ];
}

function problemPage(code: string) {
  const kind: ProblemKind | undefined = PROBLEM_KINDS.get(code);
  if (kind === undefined) throw new HttpProblem(HTTP_PROBLEMS.notFound);
  const { status, title, remedy } = kind;
  return { code, status, statusText: STATUS_CODES[status], title, remedy };
}

/** What is answered where no route is: 405 with the methods there are, or 404. */
export function noRoute(methods: MethodTable, url: string): HttpProblem {
  const allowed = methods.allowed(url);
  if (allowed === undefined) return new HttpProblem(HTTP_PROBLEMS.notFound);
  return new HttpProblem(HTTP_PROBLEMS.methodNotAllowed, { headers: { allow: allowed.join(', ') } });
}
