import { z } from 'zod';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { HTTP_PROBLEMS, type ProblemKind } from '#infra/runtime/http/problem.ts';
import { PRODUCT_SCHEMAS } from './openapiProducts.ts';
import { ORDERS_SCOPE } from './orderAccess.ts';
import { ORDER_PROBLEMS, STREAM_PROBLEMS, WAIT_PROBLEMS } from './problems.ts';
import {
  afterQuery,
  commandParams,
  orderParams,
  orderQuery,
  ordersQuery,
  productQuery,
  skuParams,
  skusQuery,
  stockQuery,
  suggestQuery,
} from './queryParameters.ts';

type Json = Readonly<Record<string, unknown>>;

const COMMON: readonly ProblemKind[] = [
  HTTP_PROBLEMS.malformed,
  HTTP_PROBLEMS.validation,
  HTTP_PROBLEMS.rateLimited,
  HTTP_PROBLEMS.internal,
  HTTP_PROBLEMS.unavailable,
];

/** The OpenAPI 3.1 document of the read API. Filters follow from the definition of the documents; the demo's is committed. */
export function storefrontOpenApi(search: SearchDefinition): Json {
  const get = (
    operationId: string,
    summary: string,
    parameters: readonly Json[],
    ok: Json,
    problems: readonly ProblemKind[] = [],
    security?: readonly Json[],
  ): Json => ({
    get: {
      operationId,
      summary,
      parameters,
      ...(security === undefined ? {} : { security }),
      responses: { 200: ok, ...problemResponses([...COMMON, ...problems]) },
    },
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice storefront read API',
      version: '1.0.0',
      description: 'Copies made for shoppers: fast, disposable, and marked with their age where that matters.',
    },
    paths: {
      '/products': get(
        'searchProducts',
        'Search products',
        queryParameters(productQuery(search, search.stock !== undefined).shape),
        json('ProductPage'),
        [WAIT_PROBLEMS.notVisibleYet],
      ),
      '/products/{sku}': get(
        'getProduct',
        'One product',
        [...pathParameters(skuParams), ...queryParameters(afterQuery.shape)],
        json('ProductAnswer'),
        [HTTP_PROBLEMS.notFound, WAIT_PROBLEMS.notVisibleYet],
      ),
      '/suggest': get(
        'suggest',
        'Complete what the shopper types',
        queryParameters(suggestQuery.shape),
        json('Suggestions'),
      ),
      '/stock': get(
        'getStock',
        'Stock of several products, from the copy or, where no copy may answer, asked live',
        queryParameters(stockQuery.shape),
        json('StockPage'),
        [WAIT_PROBLEMS.notVisibleYet],
      ),
      '/stock/stream': get(
        'streamStock',
        'Stock as it changes: server-sent events named `stock`, each with the whole present state of one sku; `low-stock` and `back-in-stock`, each a StockEvent; `reset`, when what came before cannot be gone on from and all states follow anew',
        [...queryParameters(skusQuery.shape), LAST_EVENT_ID],
        {
          description: 'Events whose data is a StockItem or a StockEvent.',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
        [STREAM_PROBLEMS.tooMany],
      ),
      '/orders/{orderId}': get(
        'getOrder',
        'An order, for its customer or for who knows the id of a command on it',
        [...pathParameters(orderParams), ...queryParameters(orderQuery.shape)],
        json('OrderAnswer'),
        [
          HTTP_PROBLEMS.unauthenticated,
          HTTP_PROBLEMS.forbidden,
          HTTP_PROBLEMS.notFound,
          ORDER_PROBLEMS.commandRefused,
          WAIT_PROBLEMS.notVisibleYet,
        ],
        [{}, { token: [] }],
      ),
      '/orders': get(
        'listOrders',
        "A customer's orders, newest first",
        queryParameters(ordersQuery.shape),
        json('OrderPage'),
        [
          HTTP_PROBLEMS.unauthenticated,
          HTTP_PROBLEMS.forbidden,
          ORDER_PROBLEMS.commandRefused,
          WAIT_PROBLEMS.notVisibleYet,
        ],
        [{ token: [] }],
      ),
      '/commands/{commandId}': get(
        'getCommandOutcome',
        'What became of a command, confirmed by its own change event, and the position at which it became visible',
        pathParameters(commandParams),
        json('CommandOutcome'),
        [ORDER_PROBLEMS.commandNotSeen],
      ),
    },
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: `Token of a configured issuer with the scope ${ORDERS_SCOPE}; its customer claim says whose orders it shows.`,
        },
      },
      schemas: SCHEMAS,
    },
  };
}

function json(name: string): Json {
  return {
    description: 'Found.',
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  };
}

function queryParameters(shape: Readonly<Record<string, z.ZodType>>): readonly Json[] {
  return Object.entries(shape).map(([name, schema]) => parameter(name, 'query', schema));
}

function pathParameters(schema: z.ZodObject): readonly Json[] {
  return Object.entries(schema.shape).map(([name, part]) => parameter(name, 'path', part as z.ZodType));
}

function parameter(name: string, place: 'query' | 'path', schema: z.ZodType): Json {
  const {
    $schema: _dialect,
    description,
    ...rest
  } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return {
    name,
    in: place,
    required: place === 'path' || !schema.safeParse(undefined).success,
    ...(description === undefined ? {} : { description }),
    schema: Object.keys(rest).length === 0 ? LIST_OF_TEXT : rest,
  };
}

/** A repeatable parameter: `brand=A&brand=B`. */
const LIST_OF_TEXT: Json = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 100 }, maxItems: 50 };

function problemResponses(kinds: readonly ProblemKind[]): Record<string, Json> {
  const byStatus = [...Map.groupBy(kinds, (kind) => kind.status)].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(
    byStatus.map(([status, entries]) => [
      String(status),
      {
        description: entries.map((kind) => `\`${kind.code}\`: ${kind.title}. ${kind.remedy}`).join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

const LAST_EVENT_ID: Json = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'Sent by browsers when they come back: only what was missed is told first.',
  schema: { type: 'string' },
};

const text = { type: 'string' };
const integer = { type: 'integer' };
const object = (properties: Json, required: readonly string[] = Object.keys(properties)): Json => ({
  type: 'object',
  properties,
  required,
});
const listOf = (items: Json): Json => ({ type: 'array', items });
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

const LEVELS = { onHand: integer, reserved: integer, available: integer };
const maybe = (schema: Json): Json => ({ ...schema, type: [schema['type'], 'null'] });

/** How old an answer is. */
const AGE = {
  asOf: {
    ...maybe(text),
    format: 'date-time',
    description: 'Moment up to which the copy is known to be the state of the source; null while that is not known.',
  },
  ageSeconds: maybe({ type: 'number' }),
};

const SCHEMAS: Json = {
  ...PRODUCT_SCHEMAS,
  ProductAnswer: object({ product: ref('Product'), ...AGE }),
  StockItem: object({
    sku: text,
    onHand: maybe(integer),
    reserved: maybe(integer),
    available: {
      ...maybe(integer),
      description: 'What can be sold; null for one that must be asked live when nobody answers.',
    },
    locations: listOf(object({ location: text, ...LEVELS, safety: integer })),
    ...AGE,
    stale: { type: 'boolean', description: 'Older than may be relied on, or of unknown age.' },
    source: { ...text, enum: ['copy', 'live'] },
  }),
  StockEvent: object(
    {
      id: text,
      type: { ...text, enum: ['stock.low', 'stock.back_in_stock'] },
      sku: text,
      location: text,
      available: integer,
      threshold: integer,
      position: text,
      at: { ...text, format: 'date-time' },
    },
    ['id', 'type', 'sku', 'available', 'threshold', 'position', 'at'],
  ),
  StockPage: object({ items: listOf(ref('StockItem')), unknown: listOf(text) }),
  Order: object(
    {
      orderId: text,
      status: text,
      statusAt: { ...text, format: 'date-time' },
      total: { type: ['string', 'null'], description: 'Decimal text.' },
      currency: { type: ['string', 'null'] },
      placedAt: { type: ['string', 'null'] },
      history: listOf(object({ status: text, at: { ...text, format: 'date-time' } })),
      lines: listOf(
        object(
          {
            lineId: text,
            sku: text,
            quantity: { type: 'number' },
            unitPrice: { type: ['string', 'null'], description: 'Decimal text.' },
            total: { type: ['string', 'null'], description: 'Decimal text.' },
          },
          ['lineId', 'sku', 'quantity'],
        ),
      ),
      linesComplete: {
        type: 'boolean',
        description: 'false while lines of the change that brought this state may still be on their way.',
      },
    },
    ['orderId', 'status', 'statusAt', 'history'],
  ),
  OrderAnswer: { allOf: [ref('Order'), object(AGE)] },
  OrderPage: object({ items: listOf(ref('Order')), nextCursor: { type: ['string', 'null'] }, ...AGE }),
  CommandOutcome: object({
    commandId: text,
    command: text,
    outcome: { type: 'string', enum: ['applied', 'refused'] },
    refusal: { type: ['string', 'null'], description: 'The reason, when it was refused.' },
    orderId: { type: ['string', 'null'] },
    position: { ...text, description: 'Place of the command in the order of all changes; compares as text.' },
    committedAt: { type: ['string', 'null'], format: 'date-time' },
  }),
  Problem: object(
    {
      type: text,
      title: text,
      status: integer,
      detail: text,
      instance: text,
      code: text,
      requestId: text,
      errors: listOf(object({ pointer: text, detail: text })),
    },
    ['type', 'title', 'status', 'code'],
  ),
};
