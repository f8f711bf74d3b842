import { z } from 'zod';
import { MAX_CURSOR_CHARS } from '#consumers/catalog/searchCursor.ts';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { fieldFaults } from '#infra/runtime/http/fieldFaults.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { StockWish } from './stockedSearch.ts';

/** The query strings of the read API: every parameter known, typed and bounded; an unknown one is refused. */

const MAX_SKUS = 200;
const MAX_VALUES = 50;
const UNWANTED_TEXT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

const one = z.string({ error: 'expected one value' });
const asList = (value: unknown): unknown => (value === undefined || Array.isArray(value) ? value : [value]);

const words = one
  .max(200, { error: 'expected at most 200 characters' })
  .refine((text) => !UNWANTED_TEXT.test(text), { error: 'expected no control characters' })
  .transform((text) => text.normalize('NFC').trim());

const filterValues = z
  .preprocess(asList, z.array(z.string().min(1).max(100, { error: 'expected at most 100 characters' })).max(MAX_VALUES))
  .optional();

const bound = one
  .regex(/^-?[0-9]{1,12}(?:\.[0-9]{1,4})?$/, { error: 'expected a number' })
  .transform(Number)
  .optional();

const sku = z
  .string()
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,38}[\x21-\x7e])?$/, { error: 'expected 1 to 40 printable characters' });

const stockWish = z
  .enum(['first', 'only'], { error: 'expected first or only' })
  .optional()
  .describe(
    'Live stock: `first` puts what can be had before the rest of each page, `only` leaves the rest out (facets and total still count it).',
  );

/** `skus=A,B`: 1 to 200 distinct ones. */
export const skusQuery = z.strictObject({
  skus: one
    .max(MAX_SKUS * 41, { error: `expected at most ${MAX_SKUS} skus` })
    .transform((text) => [...new Set(text.split(','))])
    .pipe(
      z
        .array(sku)
        .min(1)
        .max(MAX_SKUS, { error: `expected at most ${MAX_SKUS} skus` }),
    )
    .describe(`Stock-keeping units, separated by commas: 1 to ${MAX_SKUS}.`),
});

export const suggestQuery = z.strictObject({
  q: words
    .pipe(z.string().min(1, { error: 'expected some text' }).max(100, { error: 'expected at most 100 characters' }))
    .describe('What the shopper has typed so far.'),
  limit: wholeNumber(1, 20).optional().describe('How many; default 8.'),
});

export const skuParams = z.strictObject({ sku: sku.describe('Stock-keeping unit.') });

export const orderParams = z.strictObject({
  orderId: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,20}$/, { error: 'expected 1 to 20 letters or digits' })
    .describe("The order's number."),
});

const commandId = z.uuid({ error: 'expected a commandId of the command API' }).transform((text) => text.toLowerCase());

export const orderQuery = z.strictObject({
  after: commandId
    .optional()
    .describe(
      'commandId from the command API: the answer waits until the copy shows that command. Without a token it must be of a command on this order and is the right to see it (order numbers can be guessed, command ids cannot).',
    ),
});

export const ordersQuery = z.strictObject({
  customer: one
    .regex(/^[\x21-\x7e]{1,64}$/, { error: 'expected 1 to 64 printable characters' })
    .optional()
    .describe("Whose orders; only for tokens that are not bound to a customer (the shop's own server)."),
  limit: wholeNumber(1, 50).optional().describe('Orders on a page; default 20.'),
  cursor: one
    .regex(/^[A-Za-z0-9_-]{1,1200}$/, { error: 'expected the nextCursor of a page' })
    .optional()
    .describe('nextCursor of the page before.'),
  after: commandId
    .optional()
    .describe('commandId from the command API: the answer waits until the copy shows that command.'),
});

/** What a reading of stock or of a product may wait for. */
export const afterQuery = z.strictObject({
  after: commandId
    .optional()
    .describe('commandId from the command API: the answer waits until this copy shows what that command did.'),
});

export const stockQuery = z.strictObject({ ...skusQuery.shape, ...afterQuery.shape });

export const commandParams = z.strictObject({ commandId: commandId.describe('commandId from the command API.') });

function wholeNumber(min: number, max: number) {
  return one
    .regex(/^[0-9]{1,6}$/, { error: 'expected a whole number' })
    .transform(Number)
    .pipe(
      z
        .int()
        .min(min, { error: `expected at least ${min}` })
        .max(max, { error: `expected at most ${max}` }),
    );
}

const OWN_NAMES = ['q', 'sort', 'limit', 'cursor', 'facets', 'stock', 'after'] as const;

const CURSOR = new RegExp(`^[A-Za-z0-9_-]{1,${MAX_CURSOR_CHARS}}$`);

/** What a product search may be asked, made from the definition of the documents. */
export interface ProductQuery {
  readonly schema: z.ZodType<ProductSearch>;
  /** Parameter → schema, for the OpenAPI document. */
  readonly shape: Readonly<Record<string, z.ZodType>>;
}

/** A checked product search: parameters of the query side, without undefined members. */
export interface ProductSearch {
  readonly q?: string;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly ranges: Readonly<Record<string, { readonly from?: number; readonly to?: number }>>;
  readonly facets?: readonly string[];
  readonly sort?: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly stock?: StockWish;
  /** A command that the answer must show. */
  readonly after?: string;
}

/**
 * Facets become repeatable filters; number facets (with ranges or bounds) also take `<facet>From` (inclusive) and `<facet>To` (exclusive).
 * `hasStock`: the stock of products is known, so that it may be asked for.
 * @throws CFG_INVALID when a facet has the name of a parameter of ours.
 */
export function productQuery(search: SearchDefinition, hasStock: boolean): ProductQuery {
  const facets = Object.entries(search.facets ?? {});
  const clash = facets.find(([name]) => (OWN_NAMES as readonly string[]).includes(name));
  if (clash)
    throw new SluiceError(
      'CFG_INVALID',
      `catalog.documents[0].search.facets: "${clash[0]}" is a parameter of the search itself.`,
    );
  const numeric = facets
    .filter(([, facet]) => facet.ranges !== undefined || facet.bounds === true)
    .map(([name]) => name);
  const names = facets.map(([name]) => name);
  const sorts = ['relevance', ...Object.keys(search.sorts ?? {})];
  const shape: Record<string, z.ZodType> = {
    q: words.optional().describe("The shopper's words."),
    sort: z
      .enum(sorts, { error: `expected one of ${sorts.join(', ')}` })
      .optional()
      .describe('Order; relevance when left out.'),
    limit: wholeNumber(1, 100).optional().describe('Items on a page; default 24.'),
    cursor: one
      .regex(CURSOR, { error: 'expected the nextCursor of a page' })
      .optional()
      .describe('nextCursor of the page before.'),
    facets: one
      .max(1000)
      .transform((text) => text.split(',').filter((name) => name !== ''))
      .pipe(z.array(z.enum(names.length > 0 ? names : ['-'], { error: `expected some of ${names.join(', ')}` })))
      .optional()
      .describe('Facets to count, separated by commas; all when left out.'),
    ...(hasStock ? { stock: stockWish } : {}),
    ...afterQuery.shape,
    ...Object.fromEntries(
      names.map((name) => [name, filterValues.describe(`Accepted values of ${name}; may be repeated.`)]),
    ),
    ...Object.fromEntries(
      numeric.flatMap((name) => [
        [`${name}From`, bound.describe(`Least value of ${name}, in the unit of its field.`)],
        [`${name}To`, bound.describe(`Value of ${name} to stay below, in the unit of its field.`)],
      ]),
    ),
  };
  const schema = z.strictObject(shape).transform((values) => toSearch(values, names, numeric));
  return { schema, shape };
}

function toSearch(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
  numeric: readonly string[],
): ProductSearch {
  const own = Object.fromEntries(
    OWN_NAMES.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
  const ranges = numeric.flatMap((name) => {
    const [from, to] = [values[`${name}From`], values[`${name}To`]];
    if (from === undefined && to === undefined) return [];
    return [[name, { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]];
  });
  return {
    ...own,
    filters: Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]]))),
    ranges: Object.fromEntries(ranges),
  } as ProductSearch;
}

/** The checked value. @throws 422 naming each faulty parameter as `query:/name` (or `path:/name`). */
export function checked<T>(schema: z.ZodType<T>, value: unknown, place: 'query' | 'path' = 'query'): T {
  const result = schema.safeParse({ ...(value as object) });
  if (result.success) return result.data;
  throw new HttpProblem(HTTP_PROBLEMS.validation, { errors: fieldFaults(result.error, `${place}:`) });
}
