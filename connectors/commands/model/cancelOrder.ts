import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import { commandIdResult, idField, textField, timeResult } from './fields.ts';

/** Cancels a web order that nobody has begun to pick; its stock goes back. */
export const cancelOrder = defineCommand({
  name: 'CancelOrder',
  summary: 'Cancel an order',
  description: 'Only a new order can be cancelled; once the picker has it, the answer is 409 with its status.',
  method: 'POST',
  path: '/orders/{orderId}/cancel',
  params: z.strictObject({ orderId: idField("The order's number.") }),
  body: z.strictObject({
    customerId: idField("The customer's number; another customer's order is unknown."),
    reason: textField('Why, in the shopper’s own words; kept in the audit record.', 200).optional(),
  }),
  result: z.strictObject({
    commandId: commandIdResult,
    orderId: z.string(),
    status: z.literal('cancelled'),
    cancelledAt: timeResult,
  }),
  successStatus: 200,
  scope: 'orders:cancel',
  procedure: 'storefront.CancelOrder',
  parameters: ({ params, body }) => [
    { name: 'OrderId', type: 'varchar', length: 20, value: params.orderId },
    { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
    { name: 'Reason', type: 'nvarchar', length: 200, value: body.reason ?? null },
  ],
  refusals: ['unknown-order', 'order-not-cancellable'],
});
