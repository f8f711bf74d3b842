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
  /** ISO 8601 text of the moment the order was placed; a customer's orders are listed by it, newest first. */
  readonly placedAt?: string | null;
}

/** One line of an order. */
export interface OrderLine {
  readonly orderId: string;
  /** Which line of the order; lines are shown in the order of this text, numbers by value. */
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  /** Decimal string. */
  readonly unitPrice?: string | null;
  /** Decimal string. */
  readonly total?: string | null;
}

/** Where the lines of orders come from, with the row type forgotten. */
export interface OrderLinesDefinition {
  /** Table of order lines, `schema.table`; one row per line. */
  readonly table: string;
  /** Which line a row is, from key columns only: of a deleted row nothing else may be left. */
  id(row: Row): Pick<OrderLine, 'orderId' | 'lineId'>;
  /** Pure. null: this line is not shown. */
  project(row: Row): Omit<OrderLine, 'orderId' | 'lineId'> | null;
}

/** Where order states come from, with the row type forgotten. Made by {@link defineOrders}. */
export interface OrdersDefinition {
  /** Order header table, `schema.table`; one row per order. */
  readonly table: string;
  /** Which order a row is, from key columns only: of a deleted row nothing else may be left. Left out: what `project` says. */
  id?(row: Row): string;
  /** Pure. null: this order is not shown. */
  project(row: Row): OrderView | null;
  /** Words of `status` that mean the order will not be carried out; webhooks tell them as order.cancelled. Default `cancelled`. */
  readonly cancelledStatuses?: readonly string[];
  readonly lines?: OrderLinesDefinition;
}

type Name<T> = keyof T & string;

/** Declares the order header table, and its lines; a table or column that is not in `Tables` does not compile. */
export function defineOrders<Tables extends object>() {
  return <const Table extends Name<Tables>, const Lines extends Name<Tables> = never>(definition: {
    readonly table: Table;
    id?(row: Tables[Table]): string;
    project(row: Tables[Table]): OrderView | null;
    readonly cancelledStatuses?: readonly string[];
    readonly lines?: {
      readonly table: Lines;
      id(row: Tables[Lines]): Pick<OrderLine, 'orderId' | 'lineId'>;
      project(row: Tables[Lines]): Omit<OrderLine, 'orderId' | 'lineId'> | null;
    };
  }): OrdersDefinition => definition as unknown as OrdersDefinition;
}

const table = z.string().regex(/^[^.\s]+\.[^.]+$/u, 'expected schema.table');
const func = <T>() => z.custom<T>((value) => typeof value === 'function', 'expected a function');

/** The `orders` section of the configuration. */
export const ordersSchema = z.strictObject({
  table: table.describe('Order header table, one row per order, as schema.table.'),
  id: func<NonNullable<OrdersDefinition['id']>>()
    .describe(
      "The order's number from key columns alone, for rows of which nothing else is left. Left out: from project.",
    )
    .optional(),
  project: func<OrdersDefinition['project']>().describe(
    'Pure function from a row to an order as the storefront may see it, or null.',
  ),
  cancelledStatuses: z
    .array(z.string().min(1))
    .describe('Statuses that webhooks tell as order.cancelled. Default cancelled.')
    .optional(),
  lines: z
    .strictObject({
      table: table.describe('Table of order lines, one row per line, as schema.table.'),
      id: func<OrderLinesDefinition['id']>().describe('Order and line a row belongs to, from key columns alone.'),
      project: func<OrderLinesDefinition['project']>().describe(
        'Pure function from a row to a line as the storefront may see it, or null.',
      ),
    })
    .describe('Lines shown with the order. Leave out to show none.')
    .optional(),
}) as unknown as z.ZodType<OrdersDefinition>;
