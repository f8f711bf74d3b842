import { z } from 'zod';
import type { Row } from './catalog.ts';

/** An order as the storefront may see it. */
export interface OrderView {
  readonly orderId: string;
  readonly customerId: string;
  /** The shop's own word for it, e.g. `new`, `picking`, `shipped`, `cancelled`. */
  readonly status: string;
  /** Decimal string. */
  readonly total?: string | null;
  /** ISO 4217 code. */
  readonly currency?: string | null;
  /** ISO 8601 text of the moment the order was placed. */
  readonly placedAt?: string | null;
}

/** Where order states come from, with the row type forgotten. Made by {@link defineOrders}. */
export interface OrdersDefinition {
  /** Order header table, `schema.table`; one row per order. */
  readonly table: string;
  /** Pure. null: this order is not shown. `orderId` should come from key columns. */
  project(row: Row): OrderView | null;
}

/** Declares the order header table; a table or column that is not in `Tables` does not compile. */
export function defineOrders<Tables extends object>() {
  return <const Table extends keyof Tables & string>(definition: {
    readonly table: Table;
    project(row: Tables[Table]): OrderView | null;
  }): OrdersDefinition => definition as unknown as OrdersDefinition;
}

const TABLE = /^[^.\s]+\.[^.]+$/u;

/** The `orders` section of the configuration. */
export const ordersSchema = z.strictObject({
  table: z
    .string()
    .regex(TABLE, 'expected schema.table')
    .describe('Order header table, one row per order, as schema.table.'),
  project: z
    .custom<OrdersDefinition['project']>((value) => typeof value === 'function', 'expected a function')
    .describe('Pure function from a row to an order as the storefront may see it, or null.'),
}) as unknown as z.ZodType<OrdersDefinition>;
