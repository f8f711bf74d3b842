import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import {
  amountResult,
  commandIdResult,
  currencyField,
  idField,
  skuField,
  timeResult,
  totalField,
  unitPriceField,
} from './fields.ts';

const MAX_LINES = 200;
const MAX_QUANTITY = 9999;

const line = z.strictObject({
  sku: skuField,
  quantity: z
    .int({ error: 'expected a whole number' })
    .min(1, { error: 'expected at least 1' })
    .max(MAX_QUANTITY, { error: `expected at most ${MAX_QUANTITY}` })
    .describe('Pieces.'),
  unitPrice: unitPriceField,
});

/** Takes a web order: allocates stock, writes the order, answers its number. */
export const acceptOrder = defineCommand({
  name: 'AcceptOrder',
  summary: 'Place an order',
  description:
    'Prices, tax and total are computed in the database; what the request says is only compared, so a shopper never pays another price than the one shown. Stock is checked and taken in the same transaction.',
  method: 'POST',
  path: '/orders',
  params: z.strictObject({}),
  body: z.strictObject({
    customerId: idField("The customer's number."),
    currency: currencyField,
    lines: z
      .array(line, { error: 'expected a list of lines' })
      .min(1, { error: 'expected at least one line' })
      .max(MAX_LINES, { error: `expected at most ${MAX_LINES} lines` })
      .describe('One entry a product; a product may stand in several.'),
    total: totalField,
  }),
  result: z.strictObject({
    commandId: commandIdResult,
    orderId: z.string().describe("The order's number."),
    status: z.literal('accepted'),
    total: amountResult,
    tax: amountResult.describe('Tax contained in the total, decimal text.'),
    currency: z.string(),
    lineCount: z.int(),
    acceptedAt: timeResult,
  }),
  successStatus: 201,
  scope: 'orders:write',
  procedure: 'storefront.AcceptOrder',
  parameters: ({ body }) => [
    { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
    { name: 'Currency', type: 'varchar', length: 3, value: body.currency },
    { name: 'ExpectedTotal', type: 'decimalText', value: body.total },
    {
      name: 'Lines',
      type: 'table',
      value: {
        typeName: 'storefront.OrderLines',
        columns: [
          { name: 'LINE_NO', type: 'smallint' },
          { name: 'SKU', type: 'varchar', length: 20 },
          { name: 'QUANTITY', type: 'int' },
          { name: 'UNIT_PRICE', type: 'decimalText' },
        ],
        // Lines are numbered from 1: a refusal's `line` minus one is the place in the request.
        rows: body.lines.map((item, i) => [i + 1, item.sku, item.quantity, item.unitPrice]),
      },
    },
  ],
  refusals: [
    'invalid-lines',
    'unknown-product',
    'unknown-customer',
    'not-enough-stock',
    'price-differs',
    'total-differs',
    'currency-differs',
  ],
});
