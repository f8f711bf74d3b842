import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { fieldFaults } from '#infra/runtime/http/fieldFaults.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { CommandGateway } from '../gateways/procedure.ts';
import type { Command, CommandInput } from '../model/defineCommand.ts';
import { payloadHash } from '../model/payloadHash.ts';
import type { AuditLog } from './auditLog.ts';
import { authorize, type GuardOptions, idempotencyKey } from './guard.ts';
import type { Caller } from './keys.ts';
import { commandProblem } from './problems.ts';

export interface CommandRouteOptions extends GuardOptions {
  readonly gateway: CommandGateway;
  readonly audit: AuditLog;
}

/** The handler of one use case: guard, check, call, answer what the procedure answered. */
export function commandHandler(command: Command, options: CommandRouteOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const startedAtMs = options.now();
    const audited: { caller?: Caller; key?: string; commandId?: string } = {};
    try {
      const caller = await authorize(request, command.scope, options);
      audited.caller = caller;
      const key = idempotencyKey(request);
      audited.key = key;
      const input = checkInput(command, request);
      const outcome = await options.gateway.execute({
        commandName: command.name,
        procedure: command.procedure,
        parameters: command.parameters(input),
        commandId: randomUUID(),
        idempotencyKey: key,
        caller: caller.id,
        requestId: request.id,
        payloadHash: payloadHash(command.name, input),
      });
      audited.commandId = outcome.commandId;
      options.audit.decided(
        command.name,
        request.id,
        audited,
        outcome.replayed ? 'replayed' : 'done',
        options.now() - startedAtMs,
      );
      reply.code(command.successStatus).header('cache-control', 'no-store').type('application/json; charset=utf-8');
      if (outcome.replayed) reply.header('idempotency-replayed', 'true');
      return reply.send(outcome.result);
    } catch (error) {
      const problem = commandProblem(error);
      options.audit.decided(command.name, request.id, audited, problem.kind.code, options.now() - startedAtMs);
      throw problem;
    }
  };
}

/** @throws 422 with every fault by JSON Pointer; faults of the path are marked `path:`. */
function checkInput(command: Command, request: FastifyRequest): CommandInput {
  const params = command.params.safeParse(request.params);
  const body = command.body.safeParse(request.body);
  if (params.success && body.success) return { params: params.data, body: body.data };
  const faults = [...faultsOf(params, 'path:'), ...faultsOf(body, '')];
  throw new HttpProblem(HTTP_PROBLEMS.validation, {
    detail: `${faults.length} places need correcting.`,
    errors: faults,
  });
}

function faultsOf(result: z.ZodSafeParseResult<unknown>, prefix: string) {
  return result.success ? [] : fieldFaults(result.error, prefix);
}
