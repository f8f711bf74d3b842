import { z } from 'zod';
import type { Row } from './catalog.ts';
import type { Secret } from './reference.ts';
import { secretSchema, wholeNumber } from './sections.ts';

/** Stock of one article at one place, in pieces. What can be sold is `onHand - reserved - safety`, never below 0. */
export interface StockLevel {
  readonly sku: string;
  readonly location: string;
  readonly onHand: number;
  readonly reserved: number;
  /** Pieces that are never shown as available. Default `stock.safety`. */
  readonly safety?: number | undefined;
  /** Available pieces at or below which the article counts as low; null never. Default `stock.events.lowAt`. */
  readonly lowAt?: number | null | undefined;
  /** true: the copy must not be trusted for this article, it is asked live (see `stock.live`). */
  readonly live?: boolean | undefined;
}

/** When stock events are told. All numbers are available pieces. */
export interface StockEventsDefinition {
  /** What the pieces are counted over: all locations of a sku, or each by itself. */
  readonly scope: 'sku' | 'location';
  readonly lowAt: number | null;
  readonly recoverAbove: number;
  readonly backAt: number;
  readonly maxAgeSeconds: number;
}

/** Which articles are asked live at the command API, and how. */
export interface LiveStockDefinition {
  readonly skus: readonly string[];
  readonly patterns: readonly string[];
  readonly url: string;
  readonly key: Secret;
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
  readonly whenUnavailable: 'copy' | 'unknown';
}

/** Where stock levels come from, with the row type forgotten. Made by {@link defineStock}. */
export interface StockDefinition {
  /** `schema.table`; one row per sku and location. */
  readonly table: string;
  /**
   * Pure. null: this row is not stock to show (for example a branch that does not sell on the web). `sku` and `location` should come
   * from key columns: of a deleted row only those may be left, the others are then undefined.
   */
  project(row: Row): StockLevel | null;
  /** Pieces of every level that are never shown as available, where `project` says nothing else. */
  readonly safety?: number;
  readonly events?: StockEventsDefinition | undefined;
  readonly live?: LiveStockDefinition | undefined;
}

type StockSettings = Omit<z.input<typeof stockShape>, 'table' | 'project'>;

/** Declares the stock table; a table or column that is not in `Tables` does not compile. */
export function defineStock<Tables extends object>() {
  return <const Table extends keyof Tables & string>(
    definition: {
      readonly table: Table;
      project(row: Tables[Table]): StockLevel | null;
    } & StockSettings,
  ): StockDefinition => definition as unknown as StockDefinition;
}

const TABLE = /^[^.\s]+\.[^.]+$/u;
const MAX_PIECES = 1_000_000_000;
const MAX_LIVE_SKUS = 10_000;

const events = z.strictObject({
  scope: z
    .enum(['sku', 'location'])
    .describe('What is counted: sku, the sum over its locations; location, each by itself. Default sku.')
    .default('sku'),
  lowAt: wholeNumber(
    'Available pieces at or below which an article is low, where project gives no lowAt; null: none is. Default null: what is low differs from article to article.',
    0,
    MAX_PIECES,
  )
    .nullable()
    .default(null),
  recoverAbove: wholeNumber(
    'Pieces above the threshold at which a shortage is over, so that a level that goes to and fro tells once. Default 1.',
    1,
    MAX_PIECES,
  ).default(1),
  backAt: wholeNumber(
    'Available pieces at which an article that was sold out is back. Default 1.',
    1,
    MAX_PIECES,
  ).default(1),
  maxAgeSeconds: wholeNumber(
    'Changes older than this many seconds when they are read tell no event: they are history that is read again, or an outage long past. Default 900.',
    1,
    604_800,
  ).default(900),
});

const live = z.strictObject({
  skus: z
    .array(z.string().min(1))
    .max(MAX_LIVE_SKUS)
    .describe('Articles that are asked live, beside those whose level says `live: true`. Default none.')
    .default([]),
  patterns: z
    .array(z.string().min(1).max(100))
    .max(100)
    .describe('The same by pattern: * stands for any characters. Default none.')
    .default([]),
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Address of the command API, for example https://commands.internal:8443.'),
  key: secretSchema('API key with the scope of GetLiveStock.'),
  timeoutMs: wholeNumber(
    'Milliseconds one question may take. Default 1500: a shopper waits for it.',
    50,
    30_000,
  ).default(1500),
  maxConcurrent: wholeNumber(
    'Questions under way at once in this process; more are answered as if the command API were away. Default 16: each takes a connection to the database there.',
    1,
    1000,
  ).default(16),
  whenUnavailable: z
    .enum(['copy', 'unknown'])
    .describe(
      'When the live question fails. unknown: available is null and nothing is promised. copy: the level of the copy, marked stale. Default unknown: an article is asked live because its copy may not be trusted.',
    )
    .default('unknown'),
});

const stockShape = z.strictObject({
  table: z
    .string()
    .regex(TABLE, 'expected schema.table')
    .describe('Table of stock levels, one row per sku and location, as schema.table.'),
  project: z
    .custom<StockDefinition['project']>((value) => typeof value === 'function', 'expected a function')
    .describe('Pure function from a row to a stock level, or null for a row that is not shown.'),
  safety: wholeNumber(
    'Pieces of every level that are never shown as available, where project gives no safety. Default 0.',
    0,
    MAX_PIECES,
  ).default(0),
  events: events
    .describe(
      'Low-stock and back-in-stock events: topic <groupPrefix>.stock-events and the stock stream. Leave out for none.',
    )
    .optional(),
  live: live.describe('Articles whose stock is asked live through the command API. Leave out to ask none.').optional(),
});

/** The `stock` section of the configuration. Levels get the defaults here, so that whoever projects a row gets the same. */
export const stockSchema = stockShape.transform(
  (definition): StockDefinition => ({ ...definition, project: withDefaults(definition) }),
) as unknown as z.ZodType<StockDefinition>;

function withDefaults({
  project,
  safety,
  events: wanted,
}: Pick<z.output<typeof stockShape>, 'project' | 'safety' | 'events'>): StockDefinition['project'] {
  return (row) => {
    const level = project(row);
    return level && { ...level, safety: level.safety ?? safety, lowAt: level.lowAt ?? wanted?.lowAt ?? null };
  };
}
