/**
 * The reasons for which a procedure refuses a command. `infra/sql/README.md` holds the same table for the DBA; a test compares them.
 * A refusal leaves nothing behind in the shop's tables. Its answer is kept with the idempotency key like that of a command that took
 * effect, so that a repetition gets the same one; only those about the key itself are not kept.
 */
export interface Refusal {
  /** What the procedure answers in column Refusal. */
  readonly number: number;
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
  /** Where in the request the reason stands, when it is not a line of it (those name their `line`). */
  readonly pointer?: string;
  /** The field of a line the reason is about. */
  readonly lineField?: string;
  readonly retryAfterSeconds?: number;
}

export const REFUSALS = {
  'invalid-lines': {
    number: 50400,
    status: 422,
    title: 'The lines make no order',
    remedy: 'Send 1 to 200 lines with quantities from 1 to 9999.',
    pointer: '/lines',
  },
  'unknown-product': {
    number: 50404,
    status: 404,
    title: 'This product is not sold here',
    remedy: 'Take the line out of the order.',
    lineField: 'sku',
  },
  'unknown-customer': {
    number: 50404,
    status: 404,
    title: 'There is no such customer',
    remedy: 'Check customerId.',
    pointer: '/customerId',
  },
  'unknown-order': {
    number: 50404,
    status: 404,
    title: 'This customer has no such web order',
    remedy: 'Check orderId and customerId.',
  },
  'unknown-reservation': {
    number: 50404,
    status: 404,
    title: 'This customer has no such reservation',
    remedy: 'Check reservationId; one that was used up, released or has long expired is gone.',
  },
  'not-enough-stock': {
    number: 50409,
    status: 409,
    title: 'Not enough in stock',
    remedy: 'Order at most what `available` says.',
    lineField: 'quantity',
  },
  'order-not-cancellable': {
    number: 50410,
    status: 409,
    title: 'The order cannot be cancelled any more',
    remedy: 'Nothing to do here: `orderStatus` tells how far it is.',
  },
  'order-not-changeable': {
    number: 50410,
    status: 409,
    title: 'The order cannot be changed any more',
    remedy: 'Nothing to do here: `orderStatus` tells how far it is.',
  },
  'email-taken': {
    number: 50411,
    status: 409,
    title: 'There is an account with this e-mail address',
    remedy: 'Let the shopper sign in, or use another address.',
    pointer: '/email',
  },
  'text-not-storable': {
    number: 50424,
    status: 422,
    title: 'The database cannot hold these characters',
    remedy: 'Ask for another spelling of the field that `field` names.',
  },
  'price-differs': {
    number: 50422,
    status: 422,
    title: 'The price has changed',
    remedy: 'Show the shopper the price in `expected` and ask again.',
    lineField: 'unitPrice',
  },
  'total-differs': {
    number: 50422,
    status: 422,
    title: 'The total is not the sum of the lines',
    remedy: 'Show the shopper the total in `expected` and ask again.',
    pointer: '/total',
  },
  'currency-differs': {
    number: 50422,
    status: 422,
    title: 'The shop does not sell in this currency',
    remedy: 'Send amounts in the currency that the read API shows.',
    pointer: '/currency',
  },
  'idempotency-key-reused': {
    number: 50423,
    status: 422,
    title: 'This idempotency key belongs to another request',
    remedy: 'Use a new key for a new command, the same key only for the same request.',
  },
  'command-running': {
    number: 50425,
    status: 409,
    title: 'The command with this key is still running',
    remedy: 'Ask again with the same key after the time in Retry-After.',
    retryAfterSeconds: 1,
  },
} as const satisfies Record<string, Refusal>;

export type RefusalName = keyof typeof REFUSALS;

/** Refusals every command can meet, because of its idempotency key. */
export const KEY_REFUSALS = ['idempotency-key-reused', 'command-running'] as const satisfies readonly RefusalName[];

export function isRefusalName(text: unknown): text is RefusalName {
  return typeof text === 'string' && Object.hasOwn(REFUSALS, text);
}
