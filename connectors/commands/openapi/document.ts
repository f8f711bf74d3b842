import type { z } from 'zod';
import { ACCEPTED_RESPONSE, otherPaths } from '../http/openapiPaths.ts';
import { COMMANDS } from '../model/commands.ts';
import type { Command } from '../model/defineCommand.ts';
import { type Json, lowerFirst, schemaOf } from './json.ts';
import { PROBLEM_SCHEMA, problemResponses, problemsOf } from './problemResponses.ts';

/** The OpenAPI 3.1 document of the command API, made from the use cases. It is committed as schemas/openapi/commands.json. */
export function commandsOpenApi(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice command API',
      version: '1.0.0',
      description:
        'The guarded way into the database: every operation runs one stored procedure, a write once for each idempotency key. Answers to writes carry `commandId`; give it to the read API as `after` to read your writes.',
    },
    paths: { ...commandPaths(), ...otherPaths({ problemResponses }) },
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'API key (`slk_<prefix>_<secret>`) or a JWT of a trusted issuer.',
        },
      },
      schemas: { Problem: PROBLEM_SCHEMA },
    },
    security: [{ bearer: [] }],
  };
}

function commandPaths(): Record<string, unknown> {
  const result: Record<string, Record<string, unknown>> = {};
  for (const command of COMMANDS) {
    const { path, method } = command.route;
    result[path] = { ...result[path], [method.toLowerCase()]: operation(command) };
  }
  return result;
}

function operation(command: Command): Json {
  const { input, guard } = command;
  const isWrite = guard.kind === 'write';
  return {
    operationId: lowerFirst(command.name),
    summary: command.summary,
    description: command.description,
    security: [{ bearer: [guard.scope] }],
    parameters: [
      ...fieldParameters(input.params, 'path'),
      ...fieldParameters(input.query, 'query'),
      ...(isWrite ? [IDEMPOTENCY_KEY, PREFER] : []),
      REQUEST_ID,
      TRACE_PARENT,
    ],
    ...(isWrite
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(input.body, 'input') } } } }
      : {}),
    responses: {
      [command.route.successStatus]: successResponse(command),
      ...(isWrite ? { 202: ACCEPTED_RESPONSE } : {}),
      ...problemResponses(problemsOf(command)),
    },
  };
}

function successResponse(command: Command): Json {
  const isWrite = command.guard.kind === 'write';
  const replayed = {
    schema: { const: 'true' },
    description: 'Present when an earlier request had done it; the body is the same, byte for byte.',
  };
  return {
    description: isWrite ? 'Done, now or by an earlier request with the same key.' : 'As it is at this moment.',
    headers: {
      ...(isWrite ? { 'Idempotency-Replayed': replayed } : {}),
      'X-Request-Id': { schema: { type: 'string' } },
    },
    content: { 'application/json': { schema: schemaOf(command.result, 'output') } },
  };
}

function fieldParameters(schema: z.ZodObject, place: 'path' | 'query'): readonly Json[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...rest } = schemaOf(field as z.ZodType, 'input');
    const isRequired = !(field as z.ZodType).safeParse(undefined).success;
    return {
      name,
      in: place,
      required: isRequired,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'New for every command, the same for its repetitions; bare or in double quotes. Source: draft-ietf-httpapi-idempotency-key-header.',
  schema: { type: 'string', pattern: '^(?:[A-Za-z0-9._:-]{1,100}|"[A-Za-z0-9._:-]{1,100}")$' },
};

const PREFER: Json = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description:
    '`respond-async`: keep the command durably and answer 202 at once, where the API has a queue. Source: RFC 7240.',
  schema: { type: 'string', maxLength: 200 },
};

const REQUEST_ID: Json = {
  name: 'X-Request-Id',
  in: 'header',
  required: false,
  description:
    '1 to 64 letters, digits or . _ : - ; comes back in the answer and stands in the audit records. One of ours when left out or malformed.',
  schema: { type: 'string' },
};

const TRACE_PARENT: Json = {
  name: 'Traceparent',
  in: 'header',
  required: false,
  description:
    'W3C trace context; ours, a child of it, comes back in the answer and stands in the audit records. A new trace when left out or malformed.',
  schema: { type: 'string' },
};
