import { z } from 'zod';
import { HTTP_PROBLEMS, type ProblemKind } from '#infra/runtime/http/problem.ts';
import { COMMANDS } from '../model/commands.ts';
import { COMMAND_PROBLEMS } from '../pipeline/problems.ts';
import { QUEUE_STATES } from '../queue/records.ts';
import { batchSchema } from './batchRoute.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the paths below need of the document they are merged into. */
export interface PathTools {
  /** Responses for problems, one a status. */
  readonly problemResponses: (kinds: readonly ProblemKind[]) => Readonly<Record<string, Json>>;
}

/** Problems any request may be answered with before or after its handler. */
const ANYWHERE = [
  HTTP_PROBLEMS.malformed,
  HTTP_PROBLEMS.notAcceptable,
  HTTP_PROBLEMS.rateLimited,
  HTTP_PROBLEMS.internal,
];
const GUARDED = [...ANYWHERE, HTTP_PROBLEMS.unauthenticated, HTTP_PROBLEMS.forbidden, COMMAND_PROBLEMS.callerUnproven];

/** Paths that are no use cases: batches, the status of queued commands, health and the pages of problem types. */
export function otherPaths({ problemResponses }: PathTools): Record<string, unknown> {
  return {
    '/batches': { post: batchOperation(problemResponses) },
    '/commands/{commandId}': { get: statusOperation(problemResponses) },
    '/livez': { get: publicOperation('livez', 'Whether the process runs', problemResponses(ANYWHERE)) },
    '/readyz': {
      get: publicOperation(
        'readyz',
        'Whether commands can be taken',
        problemResponses([...ANYWHERE, COMMAND_PROBLEMS.databaseAway]),
      ),
    },
    '/problems/{code}': { get: problemPageOperation(problemResponses) },
  };
}

/** The answer to a write with `Prefer: respond-async`. */
export const ACCEPTED_RESPONSE: Json = {
  description:
    'Kept durably (after `Prefer: respond-async`); it runs when the database has room. Location tells what became of it.',
  headers: {
    Location: { schema: { type: 'string', format: 'uri-reference' } },
    'Retry-After': { schema: { type: 'integer', minimum: 1 } },
    'Preference-Applied': { schema: { type: 'string', const: 'respond-async' } },
  },
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['commandId', 'state', 'statusUrl'],
        properties: {
          commandId: { type: 'string', format: 'uuid' },
          state: { const: 'accepted' },
          statusUrl: { type: 'string', format: 'uri-reference' },
        },
      },
    },
  },
};

function batchOperation(problemResponses: PathTools['problemResponses']): Json {
  const writes = COMMANDS.filter(({ guard }) => guard.kind === 'write').map(({ name }) => name) as [
    string,
    ...string[],
  ];
  const { $schema: _dialect, ...schema } = z.toJSONSchema(batchSchema(writes), {
    io: 'input',
    target: 'draft-2020-12',
  }) as Record<string, unknown>;
  const kinds = [
    ...GUARDED,
    HTTP_PROBLEMS.requestTimeout,
    HTTP_PROBLEMS.tooLarge,
    HTTP_PROBLEMS.mediaType,
    HTTP_PROBLEMS.validation,
  ];
  return {
    operationId: 'runBatch',
    summary: 'Run several commands',
    description:
      'Up to 500 commands in their order, each in its own transaction, with its own key and its own outcome: one that is refused changes nothing for the others. Each needs the scope of its use case and counts in its caller’s rate.',
    requestBody: { required: true, content: { 'application/json': { schema } } },
    responses: {
      200: {
        description: 'One outcome a command, in order.',
        content: { 'application/json': { schema: BATCH_RESULT } },
      },
      ...problemResponses(kinds),
    },
  };
}

const BATCH_RESULT: Json = {
  type: 'object',
  required: ['results'],
  properties: {
    results: {
      type: 'array',
      items: {
        type: 'object',
        required: ['status'],
        properties: {
          status: { type: 'integer', description: 'What the single command would have been answered with.' },
          replayed: { type: 'boolean' },
          retryAfterSeconds: { type: 'integer' },
          result: { type: 'object', description: 'Present when it took effect.' },
          problem: { $ref: '#/components/schemas/Problem' },
        },
      },
    },
  },
};

function statusOperation(problemResponses: PathTools['problemResponses']): Json {
  const schema = {
    type: 'object',
    required: ['commandId', 'command', 'state', 'acceptedAt', 'changedAt'],
    properties: {
      commandId: { type: 'string', format: 'uuid' },
      command: { type: 'string' },
      state: { type: 'string', enum: QUEUE_STATES },
      acceptedAt: { type: 'string', format: 'date-time' },
      changedAt: { type: 'string', format: 'date-time' },
      result: { type: 'object', description: 'Done: what the command would have been answered with.' },
      problem: { $ref: '#/components/schemas/Problem' },
    },
  };
  return {
    operationId: 'commandStatus',
    summary: 'What became of a queued command',
    description: 'Only for the caller that sent it. There only when the API has a queue.',
    parameters: [{ name: 'commandId', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
    responses: {
      200: { description: 'Its state.', content: { 'application/json': { schema } } },
      ...problemResponses([...GUARDED, HTTP_PROBLEMS.notFound, HTTP_PROBLEMS.uriTooLong, COMMAND_PROBLEMS.queueAway]),
    },
  };
}

function publicOperation(operationId: string, summary: string, problems: Json): Json {
  const schema = { type: 'object', required: ['status'], properties: { status: { const: 'ok' } } };
  return {
    operationId,
    summary,
    security: [],
    responses: { 200: { description: 'Well.', content: { 'application/json': { schema } } }, ...problems },
  };
}

function problemPageOperation(problemResponses: PathTools['problemResponses']): Json {
  const schema = {
    type: 'object',
    required: ['code', 'status', 'title', 'remedy'],
    properties: {
      code: { type: 'string' },
      status: { type: 'integer' },
      statusText: { type: 'string' },
      title: { type: 'string' },
      remedy: { type: 'string' },
    },
  };
  return {
    operationId: 'problemPage',
    summary: 'What a problem type means',
    security: [],
    parameters: [{ name: 'code', in: 'path', required: true, schema: { type: 'string', pattern: '^[a-z-]{1,60}$' } }],
    responses: {
      200: { description: 'The type’s page.', content: { 'application/json': { schema } } },
      ...problemResponses([...ANYWHERE, HTTP_PROBLEMS.notFound, HTTP_PROBLEMS.uriTooLong]),
    },
  };
}
