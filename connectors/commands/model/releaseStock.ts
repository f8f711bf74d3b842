import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import { commandIdResult, customerIdField, idField, NOTHING, timeResult } from './fields.ts';

/** Gives a reservation back before it expires. */
export const releaseStock = defineCommand({
  name: 'ReleaseStock',
  summary: 'Release a reservation',
  description: 'A reservation that was used up, released or cleaned away is unknown.',
  route: { method: 'POST', path: '/reservations/{reservationId}/release', successStatus: 200 },
  input: {
    params: z.strictObject({ reservationId: idField("The reservation's number.") }),
    query: NOTHING,
    body: z.strictObject({ customerId: customerIdField }),
  },
  procedure: {
    name: 'storefront.ReleaseStock',
    tableTypes: [],
    parameters: ({ params, body }) => [
      { name: 'ReservationId', type: 'varchar', length: 20, value: params.reservationId },
      { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
    ],
  },
  result: z.strictObject({
    commandId: commandIdResult,
    reservationId: z.string(),
    status: z.literal('released'),
    releasedAt: timeResult,
  }),
  errors: ['unknown-reservation'],
  guard: { kind: 'write', scope: 'stock:reserve', customerPath: '/body/customerId', weight: 1 },
});
