import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fieldFaults } from '#infra/runtime/http/fieldFaults.ts';
import { HTTP_PROBLEMS, HttpProblem, problemBody } from '#infra/runtime/http/problem.ts';
import type { Command } from '../model/defineCommand.ts';
import { type BatchItem, type BatchOptions, executeBatch } from '../pipeline/batches.ts';
import type { CommandRequest } from '../pipeline/types.ts';
import { contextOf, factsOf, JSON_TYPE } from './exchange.ts';

/** Commands of one batch. */
const MAX_BATCH = 500;
/** Characters of a field's name; the longest of a use case has 13. */
const MAX_FIELD_NAME = 100;

/** What POST /batches takes; the input of each command is checked by its own use case. */
export function batchSchema(names: readonly [string, ...string[]]) {
  const item = z.strictObject({
    command: z.enum(names, { error: 'expected the name of a command that writes' }).describe('Which use case.'),
    idempotencyKey: z
      .string({ error: 'expected a string' })
      .regex(/^[A-Za-z0-9._:-]{1,100}$/, { error: 'expected 1 to 100 letters, digits or . _ : -' })
      .describe('As the Idempotency-Key header of a single command.'),
    params: z
      .record(z.string().max(MAX_FIELD_NAME), z.unknown())
      .optional()
      .describe('What stands in the path of the single command.'),
    body: z.record(z.string().max(MAX_FIELD_NAME), z.unknown()).describe('The body of the single command.'),
  });
  return z.strictObject({
    commands: z
      .array(item, { error: 'expected a list of commands' })
      .min(1, { error: 'expected at least one command' })
      .max(MAX_BATCH, { error: `expected at most ${MAX_BATCH} commands` }),
  });
}

/** The handler of POST /batches: 200 with one outcome a command, whatever they are. */
export function batchHandler(commands: readonly Command[], options: BatchOptions) {
  const byName = new Map(
    commands.filter(({ guard }) => guard.kind === 'write').map((command) => [command.name, command]),
  );
  const schema = batchSchema([...byName.keys()] as [string, ...string[]]);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const parsed = schema.safeParse(request.body);
    if (!parsed.success) throw new HttpProblem(HTTP_PROBLEMS.validation, { errors: fieldFaults(parsed.error) });
    const caller = factsOf(request).caller!;
    const context = contextOf('batch', request, reply);
    const requests = parsed.data.commands.map<CommandRequest>(({ command, idempotencyKey, params, body }) => ({
      command: byName.get(command)!,
      caller,
      input: { params, body },
      idempotencyKey,
      context,
    }));
    const items = await executeBatch(requests, options);
    reply.header('cache-control', 'no-store').type(JSON_TYPE);
    return reply.send(`{"results":[${items.map(itemText).join(',')}]}`);
  };
}

/** One outcome; a result stands in it byte for byte as the single answer would have been. */
function itemText(item: BatchItem): string {
  if (item.kind === 'done') {
    const { status, replayed, body } = item.reply;
    return `{"status":${status},"replayed":${replayed},"result":${body}}`;
  }
  const { problem } = item;
  const { instance: _instance, requestId: _requestId, ...document } = problemBody(problem, '', '');
  const { retryAfterSeconds } = problem.options;
  return JSON.stringify({
    status: problem.kind.status,
    ...(problem.options.headers?.['idempotency-replayed'] === 'true' ? { replayed: true } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds)) }),
    problem: document,
  });
}
