import { z } from 'zod';

/** JSON as an OpenAPI document holds it. */
export type Json = Readonly<Record<string, unknown>>;

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. `input`: what is sent, before anything is trimmed or spelt out. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Record<
    string,
    unknown
  >;
  return rest;
}

/** A schema without null among its types, and whether null was. Nullable fields come as `type: [x, 'null']` or as anyOf. */
export function withoutNull(schema: Json): { readonly schema: Json; readonly isNullable: boolean } {
  const { type, anyOf, ...rest } = schema;
  if (Array.isArray(type) && type.includes('null')) {
    const [only] = type.filter((name) => name !== 'null');
    return { schema: { ...rest, type: only }, isNullable: true };
  }
  if (Array.isArray(anyOf)) {
    const [only, ...others] = (anyOf as readonly Json[]).filter((part) => part['type'] !== 'null');
    if (only !== undefined && others.length === 0) return { schema: { ...rest, ...only }, isNullable: true };
  }
  return { schema, isNullable: false };
}

/** `AcceptOrder` → `acceptOrder`: the name of the operation, of the client's method and of the file. */
export const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
