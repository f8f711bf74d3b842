import { z } from 'zod';
import { address, addressParameters } from './address.ts';
import { defineCommand } from './defineCommand.ts';
import { commandIdResult, customerIdField, NOTHING, orderIdField, timeResult } from './fields.ts';

/** Sends a web order that nobody has begun to pick to another address than its customer's. */
export const changeDeliveryAddress = defineCommand({
  name: 'ChangeDeliveryAddress',
  summary: 'Change where an order goes',
  description:
    'Only for a new order. The address is kept beside the order (storefront.DELIVERY_ADDRESS); a second change replaces the first.',
  route: { method: 'POST', path: '/orders/{orderId}/delivery-address', successStatus: 200 },
  input: {
    params: z.strictObject({ orderId: orderIdField }),
    query: NOTHING,
    body: z.strictObject({ customerId: customerIdField, address }),
  },
  procedure: {
    name: 'storefront.ChangeDeliveryAddress',
    tableTypes: [],
    parameters: ({ params, body }) => [
      { name: 'OrderId', type: 'varchar', length: 20, value: params.orderId },
      { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
      ...addressParameters(body.address),
    ],
  },
  result: z.strictObject({
    commandId: commandIdResult,
    orderId: z.string(),
    status: z.literal('changed'),
    changedAt: timeResult,
  }),
  errors: ['unknown-order', 'order-not-changeable'],
  guard: { kind: 'write', scope: 'orders:change', customerPath: '/body/customerId', weight: 1 },
});
