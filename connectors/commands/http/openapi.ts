import { z } from 'zod';
import { HTTP_PROBLEMS, type ProblemKind } from '#infra/runtime/http/problem.ts';
import { COMMANDS } from '../model/commands.ts';
import type { Command } from '../model/defineCommand.ts';
import { KEY_REFUSALS, REFUSALS, type RefusalName } from '../model/refusals.ts';
import { COMMAND_PROBLEMS, refusalKind } from '../pipeline/problems.ts';

/** JSON as an OpenAPI document holds it. */
type Json = Readonly<Record<string, unknown>>;

/** Problems that any command may be answered with, whatever it is about. */
const COMMON_PROBLEMS: readonly ProblemKind[] = [
  HTTP_PROBLEMS.malformed,
  COMMAND_PROBLEMS.keyMissing,
  HTTP_PROBLEMS.unauthenticated,
  HTTP_PROBLEMS.forbidden,
  HTTP_PROBLEMS.requestTimeout,
  HTTP_PROBLEMS.tooLarge,
  HTTP_PROBLEMS.mediaType,
  HTTP_PROBLEMS.validation,
  HTTP_PROBLEMS.rateLimited,
  HTTP_PROBLEMS.internal,
  COMMAND_PROBLEMS.overloaded,
  COMMAND_PROBLEMS.outcomeUnknown,
  COMMAND_PROBLEMS.databaseAway,
];

/** The OpenAPI 3.1 document of the command API, made from the use cases. It is committed as schemas/openapi/commands.json. */
export function commandsOpenApi(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice command API',
      version: '1.0.0',
      description:
        'The guarded way into the database: every operation runs one stored procedure, once for each idempotency key. Answers carry `commandId`; give it to the read API as `after` to read your writes.',
    },
    paths: { ...paths(), ...publicPaths() },
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'API key: `slk_<prefix>_<secret>`.' } },
      schemas: { Problem: PROBLEM_SCHEMA },
    },
    security: [{ apiKey: [] }],
  };
}

function paths(): Record<string, unknown> {
  const result: Record<string, Record<string, unknown>> = {};
  for (const command of COMMANDS) {
    result[command.path] = { ...result[command.path], [command.method.toLowerCase()]: operation(command) };
  }
  return result;
}

function operation(command: Command): Json {
  return {
    operationId: lowerFirst(command.name),
    summary: command.summary,
    description: command.description,
    security: [{ apiKey: [command.scope] }],
    parameters: [...pathParameters(command), IDEMPOTENCY_KEY, REQUEST_ID],
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(command.body, 'input') } } },
    responses: {
      [command.successStatus]: {
        description: 'Done, now or by an earlier request with the same key.',
        headers: {
          'Idempotency-Replayed': {
            schema: { const: 'true' },
            description: 'Present when an earlier request had done it; the body is the same, byte for byte.',
          },
          'X-Request-Id': { schema: { type: 'string' } },
        },
        content: { 'application/json': { schema: schemaOf(command.result, 'output') } },
      },
      ...problemResponses([...COMMON_PROBLEMS, ...refusalsOf(command).map(refusalKind)]),
    },
  };
}

function refusalsOf(command: Command): readonly RefusalName[] {
  return [...command.refusals, ...KEY_REFUSALS];
}

/** One response a status, listing the codes it can carry. */
function problemResponses(kinds: readonly ProblemKind[]): Record<string, Json> {
  const byStatus = Map.groupBy(kinds, (kind) => kind.status);
  return Object.fromEntries(
    [...byStatus].toSorted(([a], [b]) => a - b).map(([status, entries]) => [String(status), problemResponse(entries)]),
  );
}

function problemResponse(kinds: readonly ProblemKind[]): Json {
  const mayRetry = kinds.some((kind) => [409, 429, 503].includes(kind.status));
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

function pathParameters(command: Command): readonly Json[] {
  return Object.entries(command.params.shape).map(([name, schema]) => ({
    name,
    in: 'path',
    required: true,
    schema: schemaOf(schema as z.ZodType, 'input'),
  }));
}

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Record<
    string,
    unknown
  >;
  return rest;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'New for every command, the same for its repetitions. Source: draft-ietf-httpapi-idempotency-key-header.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,100}$' },
};

const REQUEST_ID: Json = {
  name: 'X-Request-Id',
  in: 'header',
  required: false,
  description: 'Comes back in the answer and stands in the audit records; one of ours when left out or malformed.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,64}$' },
};

const PROBLEM_SCHEMA: Json = {
  type: 'object',
  description:
    'RFC 9457. `code` is stable; further members are facts of the problem, such as `available` or `expected`.',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference' },
    code: {
      type: 'string',
      enum: [...COMMON_PROBLEMS.map((kind) => kind.code), HTTP_PROBLEMS.notFound.code, ...Object.keys(REFUSALS)],
    },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON Pointer into the body.' },
          detail: { type: 'string' },
        },
      },
    },
  },
};

function publicPaths(): Record<string, unknown> {
  const ok = {
    description: 'Well.',
    content: {
      'application/json': { schema: { type: 'object', required: ['status'], properties: { status: { const: 'ok' } } } },
    },
  };
  return {
    '/livez': {
      get: { operationId: 'livez', summary: 'Whether the process runs', security: [], responses: { 200: ok } },
    },
    '/readyz': {
      get: {
        operationId: 'readyz',
        summary: 'Whether commands can be taken',
        security: [],
        responses: { 200: ok, ...problemResponses([COMMAND_PROBLEMS.databaseAway]) },
      },
    },
  };
}
