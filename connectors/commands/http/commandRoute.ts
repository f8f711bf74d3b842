import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Command } from '../model/defineCommand.ts';
import type { CommandPipeline } from '../pipeline/useCases.ts';
import { contextOf, factsOf, JSON_TYPE, prefersAsync } from './exchange.ts';
import { sentKey } from './guard.ts';

/** The handler of one use case: hands the request to the pipeline and answers what it gives. */
export function commandHandler(command: Command, pipeline: CommandPipeline) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const asked = {
      command,
      caller: factsOf(request).caller!,
      input: { params: request.params, query: request.query, body: request.body },
      idempotencyKey: sentKey(request),
      context: contextOf('rest', request, reply),
    };
    reply.header('cache-control', 'no-store');
    if (command.guard.kind === 'write' && pipeline.canEnqueue && prefersAsync(request)) {
      const { commandId } = await pipeline.enqueue(asked);
      return answerAccepted(reply, commandId);
    }
    const { status, body, replayed } = await pipeline.execute(asked);
    if (replayed) reply.header('idempotency-replayed', 'true');
    return reply.code(status).type(JSON_TYPE).send(body);
  };
}

/** Where the status of a queued command is. */
const statusPath = (commandId: string): string => `/commands/${commandId}`;

/** Seconds after which a first look at the status is worth it. */
const LOOK_AFTER_SECONDS = 1;

function answerAccepted(reply: FastifyReply, commandId: string): FastifyReply {
  const statusUrl = statusPath(commandId);
  return reply
    .code(202)
    .header('location', statusUrl)
    .header('retry-after', String(LOOK_AFTER_SECONDS))
    .header('preference-applied', 'respond-async')
    .type(JSON_TYPE)
    .send(JSON.stringify({ commandId, state: 'accepted', statusUrl }));
}
