import { z } from 'zod';
import type { TableValue } from '../gateways/procedure.ts';
import { quantityField, skuField, unitPriceField } from './fields.ts';

/** Products of one order or reservation. The procedures check the same bound. */
const MAX_LINES = 200;

function listOf<Line extends z.ZodObject>(line: Line) {
  return z
    .array(line, { error: 'expected a list of lines' })
    .min(1, { error: 'expected at least one line' })
    .max(MAX_LINES, { error: `expected at most ${MAX_LINES} lines` });
}

/** Lines of an order: what the shopper was shown. */
export const orderLines = listOf(
  z.strictObject({ sku: skuField, quantity: quantityField, unitPrice: unitPriceField }),
).describe('One entry a product; a product may stand in several.');

/** Lines of a reservation. */
export const stockLines = listOf(z.strictObject({ sku: skuField, quantity: quantityField })).describe(
  'One entry a product; a product may stand in several.',
);

/** An order's lines as the table type of the database. Lines are numbered from 1: a refusal's `line` minus one is the place in the request. */
export function orderLinesTable(lines: z.output<typeof orderLines>): TableValue {
  return {
    typeName: 'storefront.OrderLines',
    columns: [
      { name: 'LINE_NO', type: 'smallint' },
      { name: 'SKU', type: 'varchar', length: 20 },
      { name: 'QUANTITY', type: 'int' },
      { name: 'UNIT_PRICE', type: 'decimalText' },
    ],
    rows: lines.map((line, i) => [i + 1, line.sku, line.quantity, line.unitPrice]),
  };
}

/** A reservation's lines, numbered likewise. */
export function stockLinesTable(lines: z.output<typeof stockLines>): TableValue {
  return {
    typeName: 'storefront.StockLines',
    columns: [
      { name: 'LINE_NO', type: 'smallint' },
      { name: 'SKU', type: 'varchar', length: 20 },
      { name: 'QUANTITY', type: 'int' },
    ],
    rows: lines.map((line, i) => [i + 1, line.sku, line.quantity]),
  };
}
