import { HTTP_PROBLEMS, type ProblemKind } from '#infra/runtime/http/problem.ts';
import type { Command } from '../model/defineCommand.ts';
import { KEY_REFUSALS } from '../model/refusals.ts';
import { COMMAND_PROBLEMS, PROBLEM_KINDS, refusalKind } from '../pipeline/problems.ts';
import type { Json } from './json.ts';

/** Problems that any use case may be answered with, whatever it is about. */
const ANY: readonly ProblemKind[] = [
  HTTP_PROBLEMS.malformed,
  HTTP_PROBLEMS.unauthenticated,
  HTTP_PROBLEMS.forbidden,
  HTTP_PROBLEMS.notAcceptable,
  HTTP_PROBLEMS.requestTimeout,
  HTTP_PROBLEMS.uriTooLong,
  HTTP_PROBLEMS.validation,
  HTTP_PROBLEMS.rateLimited,
  COMMAND_PROBLEMS.quotaUsedUp,
  HTTP_PROBLEMS.headersTooLarge,
  HTTP_PROBLEMS.internal,
  COMMAND_PROBLEMS.callerUnproven,
  COMMAND_PROBLEMS.overloaded,
  COMMAND_PROBLEMS.timedOut,
  COMMAND_PROBLEMS.databaseAway,
];

/** Those of writes besides. */
const WRITE: readonly ProblemKind[] = [
  COMMAND_PROBLEMS.keyMissing,
  COMMAND_PROBLEMS.keyMalformed,
  HTTP_PROBLEMS.tooLarge,
  HTTP_PROBLEMS.mediaType,
  COMMAND_PROBLEMS.outcomeUnknown,
  COMMAND_PROBLEMS.queueAway,
  ...KEY_REFUSALS.map(refusalKind),
];

/** Every problem a use case may be answered with, its own refusals first. */
export function problemsOf(command: Command): readonly ProblemKind[] {
  const own = command.errors.map(refusalKind);
  return [...own, ...(command.guard.kind === 'write' ? WRITE : []), ...ANY];
}

/** One response a status, listing the codes it can carry. */
export function problemResponses(kinds: readonly ProblemKind[]): Record<string, Json> {
  const byStatus = Map.groupBy(kinds, (kind) => kind.status);
  return Object.fromEntries(
    [...byStatus].toSorted(([a], [b]) => a - b).map(([status, entries]) => [String(status), problemResponse(entries)]),
  );
}

const RETRIABLE: ReadonlySet<number> = new Set([409, 429, 503]);

function problemResponse(kinds: readonly ProblemKind[]): Json {
  const mayRetry = kinds.some((kind) => RETRIABLE.has(kind.status));
  return {
    description: kinds.map((kind) => `\`${kind.code}\`: ${kind.title}. ${kind.remedy}`).join('\n\n'),
    ...(mayRetry
      ? { headers: { 'Retry-After': { schema: { type: 'integer', minimum: 1 }, description: 'Seconds.' } } }
      : {}),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [{ $ref: '#/components/schemas/Problem' }],
          properties: { code: { enum: kinds.map((kind) => kind.code) } },
        },
      },
    },
  };
}

export const PROBLEM_SCHEMA: Json = {
  type: 'object',
  description:
    'RFC 9457. `code` is stable; further members are facts of the problem, such as `available` or `expected`. `instance` and `requestId` are left out where the answer is kept for repetitions.',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference' },
    code: { type: 'string', enum: [...PROBLEM_KINDS.keys()] },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            description: 'JSON Pointer into the body; behind `path:`, `query:` or `header:` into those.',
          },
          detail: { type: 'string' },
        },
      },
    },
  },
};
