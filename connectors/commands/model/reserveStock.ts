import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import { commandIdResult, customerIdField, NOTHING, timeResult } from './fields.ts';
import { stockLines, stockLinesTable } from './lines.ts';

const MAX_MINUTES = 60;

/** Keeps pieces for a customer for a while, so that they are still there when the basket becomes an order. */
export const reserveStock = defineCommand({
  name: 'ReserveStock',
  summary: 'Reserve stock for a while',
  description:
    'Holds the pieces against other web orders until `expiresAt`; from then on the reservation no longer counts, whether it was released or not. Place the order with `reservationId` to use it up.',
  route: { method: 'POST', path: '/reservations', successStatus: 201 },
  input: {
    params: NOTHING,
    query: NOTHING,
    body: z.strictObject({
      customerId: customerIdField,
      lines: stockLines,
      minutes: z
        .int({ error: 'expected a whole number' })
        .min(1, { error: 'expected at least 1' })
        .max(MAX_MINUTES, { error: `expected at most ${MAX_MINUTES}` })
        .describe('How long the pieces are held.'),
    }),
  },
  procedure: {
    name: 'storefront.ReserveStock',
    tableTypes: ['storefront.StockLines'],
    parameters: ({ body }) => [
      { name: 'CustomerId', type: 'varchar', length: 20, value: body.customerId },
      { name: 'Lines', type: 'table', value: stockLinesTable(body.lines) },
      { name: 'Minutes', type: 'int', value: body.minutes },
    ],
  },
  result: z.strictObject({
    commandId: commandIdResult,
    reservationId: z.string().describe("The reservation's number."),
    status: z.literal('reserved'),
    lineCount: z.int(),
    expiresAt: timeResult,
  }),
  errors: ['invalid-lines', 'unknown-product', 'unknown-customer', 'not-enough-stock'],
  guard: { kind: 'write', scope: 'stock:reserve', customerPath: '/body/customerId', weight: 1 },
});
