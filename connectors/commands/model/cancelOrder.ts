import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import { commandIdResult, customerIdField, NOTHING, orderIdField, textField, timeResult } from './fields.ts';

/** Cancels a web order that nobody has begun to pick; its stock goes back. */
export const cancelOrder = defineCommand({
  name: 'CancelOrder',
  summary: 'Cancel an order',
  description: 'Only a new order can be cancelled; once the picker has it, the answer is 409 with its status.',
  route: { method: 'POST', path: '/orders/{orderId}/cancel', successStatus: 200 },
  input: {
    params: z.strictObject({ orderId: orderIdField }),
    query: NOTHING,
    body: z.strictObject({
      customerId: customerIdField,
      reason: textField('Why, in the shopper’s own words; kept in the audit record.', 200).optional(),
    }),
  },
  procedure: {
    name: 'storefront.CancelOrder',
    tableTypes: [],
    parameters: ({ params, body }) => [
      { name: 'OrderId', type: 'varchar', length: 20, value: params.orderId },
      { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
      { name: 'Reason', type: 'nvarchar', length: 200, value: body.reason ?? null },
    ],
  },
  result: z.strictObject({
    commandId: commandIdResult,
    orderId: z.string(),
    status: z.literal('cancelled'),
    cancelledAt: timeResult,
  }),
  errors: ['unknown-order', 'order-not-cancellable'],
  guard: { kind: 'write', scope: 'orders:cancel', customerPath: '/body/customerId', weight: 1 },
});
