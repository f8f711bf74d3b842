import { z } from 'zod';

const facetRange = z
  .strictObject({ key: z.string().min(1), from: z.number().optional(), to: z.number().optional() })
  .refine((range) => range.from !== undefined || range.to !== undefined, 'a range needs from, to or both');

const facet = z.strictObject({
  field: z.string(),
  size: z.number().int().min(1).max(200).optional(),
  ranges: z.array(facetRange).min(1).optional(),
  bounds: z.boolean().optional(),
});

const boost = z.strictObject({
  field: z.string(),
  weight: z.number().positive().max(1000),
  equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
});

const synonymRule = z
  .string()
  .max(2000)
  .refine((rule) => rule.split('=>').length <= 2 && rule.split('=>').every((side) => side.trim() !== ''), {
    error: 'expected "a, b c" or "a, b => c"',
  });

/** The section `search` of a document type. */
export const searchSchema = z.strictObject({
  text: z
    .record(z.string(), z.number().positive().max(100))
    .refine((text) => Object.keys(text).length > 0 && Object.keys(text).length <= 20, 'expected 1 to 20 fields'),
  exact: z.array(z.string()).max(5).optional(),
  codes: z.array(z.string()).max(5).optional(),
  language: z
    .strictObject({ synonyms: z.array(synonymRule).max(20_000), compounds: z.array(z.string()).max(50_000) })
    .optional(),
  spelling: z.string().optional(),
  boosts: z.array(boost).max(10).optional(),
  facets: z.record(z.string().regex(/^[a-z][a-zA-Z0-9]*$/u, 'expected a camelCase name'), facet).optional(),
  sorts: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/u, 'expected a name like price_asc'),
      z.array(z.strictObject({ field: z.string(), order: z.enum(['asc', 'desc']) })).min(1),
    )
    .optional(),
  popular: z.string().optional(),
  suggest: z
    .strictObject({ field: z.string(), show: z.array(z.string()).optional(), groups: z.array(z.string()).optional() })
    .optional(),
  stock: z.strictObject({ field: z.string(), locations: z.array(z.string()).min(1).optional() }).optional(),
});

type Search = z.infer<typeof searchSchema>;

/** Every field the section names, and where. */
export function* searchedFields(value: Search | undefined): Generator<[string[], string]> {
  if (value === undefined) return;
  for (const field of Object.keys(value.text)) yield [['text', field], field];
  for (const field of value.exact ?? []) yield [['exact'], field];
  for (const field of value.codes ?? []) yield [['codes'], field];
  for (const { field } of value.boosts ?? []) yield [['boosts'], field];
  for (const [name, { field }] of Object.entries(value.facets ?? {})) yield [['facets', name, 'field'], field];
  for (const [name, fields] of Object.entries(value.sorts ?? {}))
    for (const { field } of fields) yield [['sorts', name], field];
  if (value.spelling !== undefined) yield [['spelling'], value.spelling];
  if (value.suggest !== undefined) yield [['suggest', 'field'], value.suggest.field];
  if (value.stock !== undefined) yield [['stock', 'field'], value.stock.field];
}

/** Names that stand for nothing: sorts and facets the section does not declare. */
export function* unknownNames(value: Search | undefined): Generator<[string[], string]> {
  if (value?.popular !== undefined && value.sorts?.[value.popular] === undefined)
    yield [['popular'], `there is no sort ${value.popular}`];
  for (const name of value?.suggest?.groups ?? [])
    if (value?.facets?.[name] === undefined) yield [['suggest', 'groups'], `there is no facet ${name}`];
}
