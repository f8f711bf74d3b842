import type { z } from 'zod';
import type { ProcedureParameter } from '../gateways/procedure.ts';
import type { RefusalName } from './refusals.ts';

/** What a key may be allowed to do. Nothing is allowed that a key does not name. */
export const SCOPES = ['orders:write', 'orders:cancel'] as const;
export type Scope = (typeof SCOPES)[number];

/** One use case: everything the route, the checks, the OpenAPI document and the procedure call are made from. */
export interface CommandDefinition<Params extends z.ZodObject, Body extends z.ZodObject, Result extends z.ZodObject> {
  /** Verb and noun; also the name of the procedure in schema storefront and of the OpenAPI operation. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly method: 'POST';
  /** Path with `{placeholders}` that `params` describes. */
  readonly path: string;
  readonly params: Params;
  /** Strict and bounded: unknown fields are refused, every text and list has a limit. */
  readonly body: Body;
  /** The answer, built by the procedure and stored for replays. */
  readonly result: Result;
  readonly successStatus: 200 | 201;
  readonly scope: Scope;
  /** `schema.name`; only schema storefront may be named. */
  readonly procedure: `storefront.${string}`;
  /** The procedure's own parameters; those every command has (key, caller, hash, command id, outputs) are added by the gateway. */
  readonly parameters: (input: {
    readonly params: z.output<Params>;
    readonly body: z.output<Body>;
  }) => readonly ProcedureParameter[];
  /** The refusals it can meet besides those of its idempotency key. */
  readonly refusals: readonly RefusalName[];
}

/** A use case whose input types only it knows: what the routes work with. */
export interface Command extends Omit<CommandDefinition<z.ZodObject, z.ZodObject, z.ZodObject>, 'parameters'> {
  readonly parameters: (input: CommandInput) => readonly ProcedureParameter[];
}

/** Input after its checks: plain JSON values in one spelling. */
export interface CommandInput {
  readonly params: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Checks nothing at run time: ties the input types of a use case to its parameter mapping. */
export function defineCommand<Params extends z.ZodObject, Body extends z.ZodObject, Result extends z.ZodObject>(
  definition: CommandDefinition<Params, Body, Result>,
): Command {
  return { ...definition, parameters: (input) => definition.parameters(input as never) };
}
