import { z } from 'zod';
import type { DocumentDefinition, FieldMapping, JoinDefinition } from './catalog.ts';

const tableName = z.string().regex(/^[^.\s]+\.[^.]+$/u, 'expected schema.table');
const func = <T>() => z.custom<T>((value) => typeof value === 'function', 'expected a function');
const facetRange = z
  .strictObject({ key: z.string().min(1), from: z.number().optional(), to: z.number().optional() })
  .refine((range) => range.from !== undefined || range.to !== undefined, 'a range needs from, to or both');

const join = z.strictObject({
  table: tableName,
  from: z.string().optional(),
  on: z
    .record(z.string().min(1), z.string().min(1))
    .refine((on) => Object.keys(on).length > 0, 'expected at least one pair of columns'),
  many: z.boolean().optional(),
});

const search = z.strictObject({
  text: z.record(z.string(), z.number().positive()),
  exact: z.array(z.string()).optional(),
  facets: z
    .record(
      z.string().regex(/^[a-z][a-zA-Z0-9]*$/u, 'expected a camelCase name'),
      z.strictObject({
        field: z.string(),
        size: z.number().int().min(1).max(200).optional(),
        ranges: z.array(facetRange).min(1).optional(),
        bounds: z.boolean().optional(),
      }),
    )
    .optional(),
  sorts: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/u, 'expected a name like price_asc'),
      z.array(z.strictObject({ field: z.string(), order: z.enum(['asc', 'desc']) })).min(1),
    )
    .optional(),
  suggest: z.strictObject({ field: z.string(), show: z.array(z.string()).optional() }).optional(),
});

/** Fields the pipeline adds to every document; a user's mapping may not name them. */
const RESERVED_FIELDS: readonly string[] = ['deleted', 'sluice'];

const definition = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]*$/u, 'expected lower-case letters, digits and -'),
  version: z.number().int().min(1),
  root: tableName,
  joins: z.record(z.string().regex(/^[a-z][a-zA-Z0-9]*$/u, 'expected a camelCase name'), join),
  id: func<DocumentDefinition['id']>(),
  filter: func<NonNullable<DocumentDefinition['filter']>>().optional(),
  project: func<DocumentDefinition['project']>(),
  mapping: z.record(z.string(), z.record(z.string(), z.unknown())),
  settings: z.record(z.string(), z.unknown()).optional(),
  search: search.optional(),
});

/** Shape of a document definition, for the configuration loader: also that joins form a tree under `root` and searched fields are mapped. */
export const documentDefinitionSchema = definition.superRefine((value, context) => {
  const fault = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  if (value.joins['root'] !== undefined) fault(['joins', 'root'], '`root` is the root row and cannot name a join');
  for (const name of Object.keys(value.joins)) {
    const problem = joinProblem(value.joins, name);
    if (problem !== undefined) fault(['joins', name, 'from'], problem);
    const { from, many } = value.joins[name]!;
    if (from !== undefined && value.joins[from]?.many === true && many !== true)
      fault(['joins', name, 'many'], `a join from the many rows of ${from} has many rows too: say many: true`);
  }
  for (const field of RESERVED_FIELDS) {
    if (value.mapping[field] !== undefined) fault(['mapping', field], 'this name is used by Sluice itself');
  }
  const mapped = new Set(mappedFields(value.mapping));
  for (const [path, field] of searchedFields(value.search)) {
    if (!mapped.has(field)) fault(['search', ...path], `field ${field} is not in the mapping`);
  }
}) as unknown as z.ZodType<DocumentDefinition>;

/** The `catalog` section of the configuration. */
export const catalogSchema = z.strictObject({
  documents: z
    .array(documentDefinitionSchema)
    .describe('Document types made with defineDocument(); each becomes a search index.')
    .superRefine((documents, context) => {
      const seen = new Set<string>();
      for (const [index, { type }] of documents.entries()) {
        if (seen.has(type))
          context.addIssue({ code: 'custom', path: [index, 'type'], message: `a second document type named ${type}` });
        seen.add(type);
      }
    }),
});

function joinProblem(joins: Readonly<Record<string, JoinDefinition>>, name: string): string | undefined {
  const seen = new Set([name]);
  for (let from = joins[name]?.from ?? 'root'; from !== 'root'; from = joins[from]?.from ?? 'root') {
    if (joins[from] === undefined) return `there is no join named ${from}`;
    if (seen.has(from)) return `joins form a circle through ${from}`;
    seen.add(from);
  }
  return undefined;
}

/** Every field path a mapping defines, sub-fields (`name.prefix`) and object members included. */
function mappedFields(mapping: Readonly<Record<string, FieldMapping>>, prefix = ''): string[] {
  return Object.entries(mapping).flatMap(([name, field]) => {
    const nested = { ...(field['properties'] as object | undefined), ...(field['fields'] as object | undefined) };
    return [prefix + name, ...mappedFields(nested as Readonly<Record<string, FieldMapping>>, `${prefix}${name}.`)];
  });
}

function* searchedFields(value: z.infer<typeof search> | undefined): Generator<[string[], string]> {
  if (value === undefined) return;
  for (const field of Object.keys(value.text)) yield [['text', field], field];
  for (const field of value.exact ?? []) yield [['exact'], field];
  for (const [name, facet] of Object.entries(value.facets ?? {})) yield [['facets', name, 'field'], facet.field];
  for (const [name, fields] of Object.entries(value.sorts ?? {}))
    for (const { field } of fields) yield [['sorts', name], field];
  if (value.suggest !== undefined) yield [['suggest', 'field'], value.suggest.field];
}
