import { z } from 'zod';
import { isPosition } from '#consumers/runner/position.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { eventId, type WebhookEvent } from './webhookTypes.ts';

/** A record of `<groupPrefix>.stock-events`: a stock level that fell below its threshold, or came back. */
const recordSchema = z.object({
  type: z.enum(['stock.low', 'stock.back_in_stock']),
  sku: z.string().min(1),
  available: z.number(),
  location: z.string().optional(),
  threshold: z.number().optional(),
  position: z.string().refine(isPosition),
  at: z.iso.datetime({ offset: true }),
});

/** The event of a record of stock; none for a tombstone. @throws RECORD_UNREADABLE */
export function stockEvents(value: Buffer | null): WebhookEvent[] {
  if (value === null) return [];
  const { type, at, position, ...facts } = parsed(value);
  const key = `stock/${facts.sku}`;
  const id = eventId(type, `${key}/${facts.location ?? ''}`, position);
  return [{ id, type, at, key, data: { ...facts, position } }];
}

function parsed(value: Buffer): z.output<typeof recordSchema> {
  try {
    return recordSchema.parse(JSON.parse(value.toString('utf8')));
  } catch (cause) {
    throw new SluiceError('RECORD_UNREADABLE', 'A record of stock events has not the form it should have.', { cause });
  }
}
