import { z } from 'zod';
import { captureSchema } from './capture.ts';
import { catalogSchema } from './catalog.ts';
import { commandsSchema } from './commands.ts';
import { ordersSchema } from './orders.ts';
import { publishSchema } from './publish.ts';
import type { EnvReference, Secret } from './reference.ts';
import {
  consumersSchema,
  elasticsearchSchema,
  kafkaSchema,
  opsSchema,
  redisSchema,
  registrySchema,
} from './sections.ts';
import { sourceSchema } from './source.ts';
import { stockSchema } from './stock.ts';
import { storefrontSchema } from './storefront.ts';
import { verifySchema } from './verify.ts';
import { webhooksSchema } from './webhooks.ts';

/** The whole configuration. One strict tree: an unknown key is a fault. */
export const configSchema = z.strictObject({
  source: sourceSchema.describe('The SQL Server that is captured.'),
  kafka: kafkaSchema.describe('The log that changes travel on.'),
  registry: registrySchema.describe('The Avro schema registry.'),
  elasticsearch: elasticsearchSchema.describe('Where catalog documents are searched.'),
  redis: redisSchema.describe('Where rows, stock and order status are kept.'),
  capture: captureSchema.describe('How the change tables are read.').prefault({}),
  publish: publishSchema.describe('What is written to Kafka for a change, and where.').prefault({}),
  consumers: consumersSchema.describe('How the read models are kept.').prefault({}),
  catalog: catalogSchema.describe('The searchable documents and how each is made from rows.'),
  stock: stockSchema.describe('How a row becomes a stock level. Leave out to keep no stock.').optional(),
  orders: ordersSchema.describe('How a row becomes an order status. Leave out to keep none.').optional(),
  commands: commandsSchema
    .describe('The guarded way back into the database. Leave out to accept no commands.')
    .optional(),
  storefront: storefrontSchema.describe('The read API for the storefront.').prefault({}),
  verify: verifySchema.describe('What `sluice verify` may cost.').prefault({}),
  webhooks: webhooksSchema
    .describe('Who is told of orders and stock by signed messages. Leave out to tell nobody.')
    .optional(),
  ops: opsSchema.describe('The endpoint for operators.').prefault({}),
});

/** The configuration after checks and defaults. */
export type Config = z.output<typeof configSchema>;

/** Any plain value in the tree may be taken from the environment instead. */
export type Resolvable<T> = T extends Secret | ((...args: never[]) => unknown)
  ? T
  : T extends readonly (infer U)[]
    ? readonly Resolvable<U>[] | EnvReference<readonly U[]>
    : T extends object
      ? { readonly [K in keyof T]: Resolvable<T[K]> }
      : T | EnvReference<T extends boolean ? boolean : NonNullable<T>>;

/** What sluice.config.ts gives to defineConfig. */
export type ConfigInput = Resolvable<z.input<typeof configSchema>>;
