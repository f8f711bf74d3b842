import { z } from 'zod';
import type { DocumentDefinition, FieldMapping, JoinDefinition } from './catalog.ts';
import { searchedFields, searchSchema, unknownNames } from './searchSchema.ts';

const tableName = z.string().regex(/^[^.\s]+\.[^.]+$/u, 'expected schema.table');
const func = <T>() => z.custom<T>((value) => typeof value === 'function', 'expected a function');
const join = z.strictObject({
  table: tableName,
  from: z.string().optional(),
  on: z
    .record(z.string().min(1), z.string().min(1))
    .refine((on) => Object.keys(on).length > 0, 'expected at least one pair of columns'),
  many: z.boolean().optional(),
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
  search: searchSchema.optional(),
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
  for (const [path, problem] of unknownNames(value.search)) fault(['search', ...path], problem);
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
