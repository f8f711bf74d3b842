import { z } from 'zod';
import { defineCommand } from './defineCommand.ts';
import { NOTHING, skuListField, timeResult } from './fields.ts';

/** Asks the database itself what is left: for the few products whose stock no copy may answer for. */
export const getLiveStock = defineCommand({
  name: 'GetLiveStock',
  summary: 'Ask for stock, live',
  description:
    'Reads the shop’s own stock rows without locking them and takes off what reservations hold. For products that must not be answered from a copy; everything else belongs to the read API. A sku that is not sold on the web is not in the answer.',
  route: { method: 'GET', path: '/live-stock', successStatus: 200 },
  input: { params: NOTHING, query: z.strictObject({ skus: skuListField }), body: NOTHING },
  procedure: {
    name: 'storefront.GetLiveStock',
    tableTypes: ['storefront.Skus'],
    parameters: ({ query }) => [
      {
        name: 'Skus',
        type: 'table',
        value: {
          typeName: 'storefront.Skus',
          columns: [{ name: 'SKU', type: 'varchar', length: 20 }],
          rows: [...new Set(query.skus)].map((sku) => [sku]),
        },
      },
    ],
  },
  result: z.strictObject({
    asOf: timeResult,
    items: z.array(
      z.strictObject({
        sku: z.string(),
        onHand: z.int().describe('Pieces where web orders are served from.'),
        reserved: z.int().describe('Promised to orders, or held by reservations that have not expired.'),
        available: z.int().describe('What an order can have now; never below nought.'),
      }),
    ),
  }),
  errors: [],
  guard: { kind: 'read', scope: 'stock:read', customerPath: 'anyone', weight: 1 },
});
