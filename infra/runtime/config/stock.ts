import { z } from 'zod';
import type { Row } from './catalog.ts';

/** Stock of one article at one place, in pieces. What can be sold is `onHand - reserved`. */
export interface StockLevel {
  readonly sku: string;
  readonly location: string;
  readonly onHand: number;
  readonly reserved: number;
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
}

/** Declares the stock table; a table or column that is not in `Tables` does not compile. */
export function defineStock<Tables extends object>() {
  return <const Table extends keyof Tables & string>(definition: {
    readonly table: Table;
    project(row: Tables[Table]): StockLevel | null;
  }): StockDefinition => definition as unknown as StockDefinition;
}

const TABLE = /^[^.\s]+\.[^.]+$/u;

/** The `stock` section of the configuration. */
export const stockSchema = z.strictObject({
  table: z
    .string()
    .regex(TABLE, 'expected schema.table')
    .describe('Table of stock levels, one row per sku and location, as schema.table.'),
  project: z
    .custom<StockDefinition['project']>((value) => typeof value === 'function', 'expected a function')
    .describe('Pure function from a row to a stock level, or null for a row that is not shown.'),
}) as unknown as z.ZodType<StockDefinition>;
