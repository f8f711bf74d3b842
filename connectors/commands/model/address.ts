import { z } from 'zod';
import type { ProcedureParameter } from '../gateways/procedure.ts';
import { textField } from './fields.ts';

/** A postal address. The lengths are the narrowest of the demo's databases, so that nothing is ever cut. */
export const address = z
  .strictObject({
    name: textField('Who it is for.', 60),
    line1: textField('House and street.', 40),
    line2: textField('Flat, building, care of.', 40).optional(),
    town: textField('Town.', 30),
    postcode: textField('Postcode.', 8),
  })
  .describe('A postal address in the shop’s own country.');

export function addressParameters(value: z.output<typeof address>): readonly ProcedureParameter[] {
  return [
    { name: 'Name', type: 'nvarchar', length: 60, value: value.name },
    { name: 'Line1', type: 'nvarchar', length: 40, value: value.line1 },
    { name: 'Line2', type: 'nvarchar', length: 40, value: value.line2 ?? null },
    { name: 'Town', type: 'nvarchar', length: 30, value: value.town },
    { name: 'Postcode', type: 'nvarchar', length: 8, value: value.postcode },
  ];
}
