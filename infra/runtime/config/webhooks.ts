import { z } from 'zod';
import { secretSchema, text, wholeNumber } from './sections.ts';

/** Everything that can happen, by the name receivers see. */
const WEBHOOK_EVENT_TYPES = [
  'order.created',
  'order.status_changed',
  'order.cancelled',
  'order.deleted',
  'stock.low',
  'stock.back_in_stock',
] as const;

export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

const FILTERS = [...WEBHOOK_EVENT_TYPES, 'order.*', 'stock.*', '*'] as const;
const amount = (what: string, most: number) => z.number().positive().max(most).describe(what);

const endpointSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, { error: 'expected 1 to 40 small letters, digits or hyphens' })
    .describe('Short name: part of its consumer group and of its state. Another name is another endpoint.'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => URL.parse(url)?.username === '', { error: 'expected no user or password in the address' })
    .describe('Where events are sent, by POST.'),
  secrets: z
    .array(secretSchema('Signing secret: base64 of 24 to 64 random bytes, with or without whsec_ before it.'))
    .min(1)
    .max(3)
    .describe('Every message is signed with each of them: two while one is exchanged for the other.'),
  events: z
    .array(z.enum(FILTERS))
    .min(1)
    .describe('Which events are sent: names, order.*, stock.* or *. Default all.')
    .default(['*']),
  includeCustomer: z
    .boolean()
    .describe("Send the customer's number with events of orders. Default false: it is personal.")
    .default(false),
  timeoutMs: wholeNumber('Milliseconds until an answer must have begun. Default 10000.', 100, 60_000).default(10_000),
  concurrency: wholeNumber(
    'Messages under way at once in each process; those of one order or article go one after the other. Default 4.',
    1,
    100,
  ).default(4),
  firstRetrySeconds: amount('Seconds until the first repetition; doubles each time. Default 5.', 3600).default(5),
  maxRetrySeconds: amount('Most seconds between two tries. Default 3600.', 86_400).default(3600),
  retryHours: amount(
    'Hours after which a message is given up that this endpoint refuses while it takes others. Default 24.',
    720,
  ).default(24),
  disableAfter: z
    .strictObject({
      failures: wholeNumber('Failures in a row. Default 20.', 1, 100_000).default(20),
      hours: amount('Hours without any success. Default 24.', 720).default(24),
    })
    .describe(
      'An endpoint that failed so often *and* for so long is disabled; its events wait for `sluice webhooks enable`.',
    )
    .prefault({}),
  maxParked: wholeNumber(
    'Messages of one partition that may wait for their repetition; beyond, the endpoint takes no new ones until some went through. Default 1000: about a megabyte.',
    1,
    100_000,
  ).default(1000),
  allowPrivateAddresses: z
    .boolean()
    .describe('Let it be reached at loopback, private and link-local addresses. Default false.')
    .default(false),
  allowHttp: z.boolean().describe('Let its address be http. Default false: only https.').default(false),
  caFile: text(
    'PEM file of the authority that signed its certificate. Default: the authorities Node knows.',
  ).optional(),
});

/** The `webhooks` section of the configuration. */
export const webhooksSchema = z
  .strictObject({
    keepDays: wholeNumber(
      'Days that events and the delivery log are kept: how long an endpoint may be away, and how far back a replay reaches. Default 7.',
      1,
      90,
    ).default(7),
    dedupeHours: amount(
      'Hours a delivered message is remembered for each endpoint, so that a replayed topic does not send it twice. Default 72.',
      2160,
    ).default(72),
    endpoints: z
      .array(endpointSchema)
      .describe('Who is told.')
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
        error: 'expected a name for each endpoint, found one twice',
      }),
  })
  .superRefine(({ endpoints }, ctx) => {
    for (const [i, { url, allowHttp }] of endpoints.entries())
      if (!allowHttp && url.startsWith('http:'))
        ctx.addIssue({ code: 'custom', path: ['endpoints', i, 'url'], message: 'expected https (or allowHttp: true)' });
  });

export type WebhooksConfig = z.output<typeof webhooksSchema>;
export type WebhookEndpoint = WebhooksConfig['endpoints'][number];
