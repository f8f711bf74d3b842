import { describe, expect, it } from 'vitest';
import { openApiFiles, staleOpenApiFiles } from '#infra/cli/openApiFiles.ts';

/** Every `$ref` in a document. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (name === '$ref' ? [String(member)] : references(member)));
}

describe('the OpenAPI documents', () => {
  it('are committed as the code makes them (node infra/cli/openApiFiles.ts writes them)', () => {
    expect(staleOpenApiFiles()).toEqual([]);
  });

  it.each(openApiFiles())('$path holds only references that lead somewhere', ({ text }) => {
    const document = JSON.parse(text);
    for (const reference of references(document)) {
      const target = reference
        .slice(2)
        .split('/')
        .reduce((node, part) => node?.[part], document);
      expect(target, reference).toBeDefined();
    }
  });

  it.each(openApiFiles())('$path bounds every text and list that comes from outside', ({ text }) => {
    const document = JSON.parse(text);
    for (const methods of Object.values<
      Record<string, { parameters?: { name: string; schema: object }[]; requestBody?: object }>
    >(document.paths)) {
      for (const operation of Object.values(methods)) {
        for (const parameter of operation.parameters ?? [])
          expect(unbounded(parameter.schema, parameter.name)).toEqual([]);
        expect(unbounded(operation.requestBody ?? {}, 'body')).toEqual([]);
      }
    }
  });
});

/** Whatever stands there is taken: what is not of the right form is ignored or replaced by ours, never used. Headers are bounded as a whole. */
const TAKEN_AS_THEY_COME: ReadonlySet<string> = new Set(['Last-Event-ID', 'after', 'X-Request-Id', 'Traceparent']);

/** Texts without a pattern, length, format or list of values, and lists without a largest size. */
function unbounded(schema: unknown, path: string): string[] {
  if (Array.isArray(schema)) return schema.flatMap((item, i) => unbounded(item, `${path}[${i}]`));
  if (typeof schema !== 'object' || schema === null) return [];
  const s = schema as Record<string, unknown>;
  const own: string[] = [];
  if (TAKEN_AS_THEY_COME.has(path)) return own;
  const parts = [s, ...((s['allOf'] as Record<string, unknown>[] | undefined) ?? [])];
  const isBounded = parts.some((part) =>
    ['pattern', 'maxLength', 'format', 'enum', 'const'].some((name) => name in part),
  );
  if (s['type'] === 'string' && !isBounded) own.push(path);
  if (s['type'] === 'array' && !('maxItems' in s)) own.push(path);
  if (s['type'] === 'object' && 'properties' in s && s['additionalProperties'] !== false) own.push(path);
  return [...own, ...Object.entries(s).flatMap(([name, member]) => unbounded(member, `${path}.${name}`))];
}
