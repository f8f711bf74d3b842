import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import { amountResult, customerIdField, NOTHING, orderIdField, timeResult } from './fields.ts';

/** Reads one web order as the database has it now. */
export const getOrder = defineCommand({
  name: 'GetOrder',
  summary: 'Read an order, live',
  description:
    'For the moment when a copy will not do, such as before an order is changed. Another customer’s order is unknown, and so is what the tills sold.',
  route: { method: 'GET', path: '/orders/{orderId}', successStatus: 200 },
  input: {
    params: z.strictObject({ orderId: orderIdField }),
    query: z.strictObject({ customerId: customerIdField }),
    body: NOTHING,
  },
  procedure: {
    name: 'storefront.GetOrder',
    tableTypes: [],
    parameters: ({ params, query }) => [
      { name: 'OrderId', type: 'varchar', length: 20, value: params.orderId },
      { name: 'CustomerId', type: 'varchar', length: 20, value: query.customerId },
    ],
  },
  result: z.strictObject({
    orderId: z.string(),
    customerId: z.string(),
    status: z.enum(['new', 'picking', 'shipped', 'cancelled', 'other']),
    currency: z.string(),
    total: amountResult,
    tax: amountResult,
    deliveryAddress: z
      .strictObject({
        name: z.string(),
        line1: z.string(),
        line2: z.string().nullable(),
        town: z.string(),
        postcode: z.string(),
      })
      .nullable()
      .describe('Null: the customer’s own.'),
    lines: z.array(
      z.strictObject({ sku: z.string(), quantity: z.int(), unitPrice: amountResult, lineTotal: amountResult }),
    ),
    asOf: timeResult,
  }),
  errors: ['unknown-order'],
  guard: { kind: 'read', scope: 'orders:read', customerPath: '/query/customerId', weight: 1 },
});
