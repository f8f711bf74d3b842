import type { z } from 'zod';
import type { ProcedureParameter } from '../gateways/procedure.ts';
import type { RefusalName } from './refusals.ts';

/** What a caller may be allowed to do. Nothing is allowed that a caller's entry does not name. */
export const SCOPES = [
  'orders:write',
  'orders:cancel',
  'orders:change',
  'orders:read',
  'customers:write',
  'stock:reserve',
  'stock:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Where a command's input stands; every field name occurs in one of the three only, so that a door without paths can flatten them. */
export interface InputSchemas<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodObject = z.ZodObject,
> {
  /** The `{placeholders}` of the path. */
  readonly params: Params;
  /** Of the address; only reads have any. */
  readonly query: Query;
  /** Only writes have one. */
  readonly body: Body;
}

/** Input after its checks: plain JSON values in one spelling. */
export interface CommandInput {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How the command is reached over HTTP. Other doors go by its name. */
export interface CommandRoute {
  /** POST for writes, GET for reads. */
  readonly method: 'POST' | 'GET';
  /** Path with `{placeholders}` that `input.params` describes. */
  readonly path: string;
  readonly successStatus: 200 | 201;
}

/** Who may call it, for whom, and at what price. */
export interface CommandGuard {
  /** A write needs an idempotency key and takes effect once; a read needs none and leaves nothing behind. */
  readonly kind: 'write' | 'read';
  readonly scope: Scope;
  /**
   * For callers that act for one customer only: where in the input that customer's number stands (a JSON Pointer into CommandInput), or
   * `anyone` when what is asked belongs to no customer, or `nobody` when such callers may not call it at all.
   */
  readonly customerPath: `/params/${string}` | `/query/${string}` | `/body/${string}` | 'anyone' | 'nobody';
  /** Tokens that a call takes from its caller's rate: 1 for a call that touches few rows. */
  readonly weight: number;
}

/** The stored procedure behind a command. */
export interface CommandProcedure<Input> {
  /** Only schema storefront may be named. */
  readonly name: `storefront.${string}`;
  /** The table types its parameters use; the login needs EXECUTE on them too. A server of 2005 gets xml instead. */
  readonly tableTypes: readonly `storefront.${string}`[];
  /** The procedure's own parameters; those that every command has (key, caller, hash, id) are added by the gateway. */
  readonly parameters: (input: Input) => readonly ProcedureParameter[];
}

/** One use case: everything the route, the checks, the OpenAPI document, the client, the grants and the procedure call are made from. */
export interface CommandDefinition<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Result extends z.ZodObject,
> {
  /** Verb and noun; also the OpenAPI and SOAP operation. */
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly route: CommandRoute;
  /** Strict and bounded: unknown fields are refused, every text and list has a limit. */
  readonly input: InputSchemas<Params, Query, Body>;
  readonly procedure: CommandProcedure<{
    readonly params: z.output<Params>;
    readonly query: z.output<Query>;
    readonly body: z.output<Body>;
  }>;
  /** The answer, built by the procedure; that of a write is stored for replays. */
  readonly result: Result;
  /** The refusals it can meet besides those of its idempotency key. */
  readonly errors: readonly RefusalName[];
  readonly guard: CommandGuard;
}

/** A use case whose input types only it knows: what doors and gateways work with. */
export interface Command
  extends Omit<CommandDefinition<z.ZodObject, z.ZodObject, z.ZodObject, z.ZodObject>, 'procedure'> {
  readonly procedure: CommandProcedure<CommandInput>;
}

/** Checks nothing at run time (a test checks every command): ties the input types of a use case to its parameter mapping. */
export function defineCommand<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Result extends z.ZodObject,
>(definition: CommandDefinition<Params, Query, Body, Result>): Command {
  const { parameters, ...procedure } = definition.procedure;
  return { ...definition, procedure: { ...procedure, parameters: (input) => parameters(input as never) } };
}
