import { z } from 'zod';
import { address, addressParameters } from './address.ts';
import { defineCommand } from './defineCommand.ts';
import { commandIdResult, emailField, NOTHING, timeResult } from './fields.ts';

/** Opens an account in the shop's own customer table. */
export const registerCustomer = defineCommand({
  name: 'RegisterCustomer',
  summary: 'Register a customer',
  description:
    'One account an e-mail address. A name or address that the database’s code page cannot hold is refused rather than spoiled.',
  route: { method: 'POST', path: '/customers', successStatus: 201 },
  input: { params: NOTHING, query: NOTHING, body: z.strictObject({ email: emailField, address }) },
  procedure: {
    name: 'storefront.RegisterCustomer',
    tableTypes: [],
    parameters: ({ body }) => [
      { name: 'Email', type: 'nvarchar', length: 80, value: body.email },
      ...addressParameters(body.address),
    ],
  },
  result: z.strictObject({
    commandId: commandIdResult,
    customerId: z.string().describe("The customer's number."),
    status: z.literal('registered'),
    registeredAt: timeResult,
  }),
  errors: ['email-taken', 'text-not-storable'],
  guard: { kind: 'write', scope: 'customers:write', customerPath: 'nobody', weight: 1 },
});
