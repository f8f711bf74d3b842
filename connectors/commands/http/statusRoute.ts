import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { Caller } from '../pipeline/caller.ts';
import { commandProblem } from '../pipeline/problems.ts';
import type { CommandQueue } from '../queue/queue.ts';
import type { QueuedStatus } from '../queue/statusIndex.ts';
import { factsOf, JSON_TYPE } from './exchange.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LOOK_AGAIN_SECONDS = 2;

/** GET /commands/{commandId}: what became of a queued command. Another caller's command is as unknown as one that never was, and without
 * a queue there is none. */
export function statusHandler(queue: CommandQueue | undefined) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { commandId } = request.params as { readonly commandId: string };
    const status = UUID.test(commandId)
      ? await queue?.status(commandId).catch((error: unknown) => Promise.reject(commandProblem(error)))
      : undefined;
    if (status === undefined || !mayRead(factsOf(request).caller!, status))
      throw new HttpProblem(HTTP_PROBLEMS.notFound);
    reply.header('cache-control', 'no-store').type(JSON_TYPE);
    if (status.state === 'accepted' || status.state === 'running')
      reply.header('retry-after', String(LOOK_AGAIN_SECONDS));
    return reply.send(statusText(status));
  };
}

function mayRead(caller: Caller, status: QueuedStatus): boolean {
  return status.callerId === caller.id && (caller.customer === undefined || caller.customer === status.customer);
}

/** The result stands in it byte for byte as the synchronous answer would have been. */
function statusText({ commandId, command, state, acceptedAtMs, atMs, result, problem }: QueuedStatus): string {
  const head = {
    commandId,
    command,
    state,
    acceptedAt: new Date(acceptedAtMs).toISOString(),
    changedAt: new Date(atMs).toISOString(),
    ...(problem === undefined ? {} : { problem }),
  };
  const text = JSON.stringify(head);
  return result === undefined ? text : `${text.slice(0, -1)},"result":${result}}`;
}
