import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import {
  amountResult,
  commandIdResult,
  currencyField,
  customerIdField,
  idField,
  NOTHING,
  timeResult,
  totalField,
} from './fields.ts';
import { orderLines, orderLinesTable } from './lines.ts';

/** Takes a web order: allocates stock, writes the order, answers its number. */
export const acceptOrder = defineCommand({
  name: 'AcceptOrder',
  summary: 'Place an order',
  description:
    'Prices, tax and total are computed in the database; what the request says is only compared, so a shopper never pays another price than the one shown. Stock is checked and taken in the same transaction.',
  route: { method: 'POST', path: '/orders', successStatus: 201 },
  input: {
    params: NOTHING,
    query: NOTHING,
    body: z.strictObject({
      customerId: customerIdField,
      currency: currencyField,
      lines: orderLines,
      total: totalField,
      reservationId: idField(
        'A reservation of this customer that the order uses up, whole; left out: none. One that has expired or been released is not missed: the order then takes what is free.',
      ).optional(),
    }),
  },
  procedure: {
    name: 'storefront.AcceptOrder',
    tableTypes: ['storefront.OrderLines'],
    parameters: ({ body }) => [
      { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
      { name: 'Currency', type: 'varchar', length: 3, value: body.currency },
      { name: 'ExpectedTotal', type: 'decimalText', value: body.total },
      { name: 'Lines', type: 'table', value: orderLinesTable(body.lines) },
      { name: 'ReservationId', type: 'varchar', length: 20, value: body.reservationId ?? null },
    ],
  },
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
  errors: [
    'invalid-lines',
    'unknown-product',
    'unknown-customer',
    'not-enough-stock',
    'price-differs',
    'total-differs',
    'currency-differs',
  ],
  guard: { kind: 'write', scope: 'orders:write', customerPath: '/body/customerId', weight: 1 },
});
