import { z } from 'zod';
import { httpSchema } from './sections.ts';
import { tokensSchema } from './tokens.ts';

const wholeNumber = (what: string, min: number, max: number) => z.int().min(min).max(max).describe(what);

/** The read API: search, product, stock, stock stream, order status. Holds no right to the source at all. */
export const storefrontSchema = z.strictObject({
  http: httpSchema('the storefront read API').prefault({}),
  corsOrigins: z
    .array(z.string().regex(/^https?:\/\/[^/\s*]+$/, { error: 'expected an origin such as https://shop.example' }))
    .describe('Origins whose pages may read the API from a browser. Default none: CORS is closed.')
    .default([]),
  addressRatePerSecond: z
    .number()
    .positive()
    .max(1_000_000)
    .describe('Requests per second from one address on average. Default 200.')
    .default(200),
  addressRateBurst: wholeNumber(
    'Requests one address may send at once before the average counts. Default 400.',
    1,
    1_000_000,
  ).default(400),
  maxStreams: wholeNumber(
    'Open stock streams in this process; further ones get 503. Default 1000.',
    1,
    100_000,
  ).default(1000),
  maxStreamsPerAddress: wholeNumber('Open stock streams of one address. Default 20.', 1, 100_000).default(20),
  streamBufferBytes: wholeNumber(
    'Bytes that may wait for a slow stream client before it is cut off (it reconnects and resumes). Default 65536.',
    1024,
    16_777_216,
  ).default(65_536),
  streamHeartbeatMs: wholeNumber(
    'Milliseconds between heartbeats on a quiet stream. Default 15000.',
    100,
    300_000,
  ).default(15_000),
  customerTokens: tokensSchema.describe(
    "Issuers of tokens (JWT, scope orders:read) that show orders: a customer's token that customer's, one without a customer (customerRequired: false, the shop's own server) all. Default none: orders are shown only to who knows the id of a command on them.",
  ),
  maxOrderWaitMs: wholeNumber(
    'Milliseconds a reading with ?after= (orders, stock, product) waits until the copy has passed the command. Default 5000.',
    0,
    60_000,
  ).default(5000),
  maxWaiting: wholeNumber(
    'Stock and product readings with ?after= that may wait at once in this process; further ones get 503. Default 500.',
    0,
    100_000,
  ).default(500),
  stockStaleAfterSeconds: wholeNumber(
    'Stock older than this many seconds behind the source is marked stale. Default 30.',
    1,
    86_400,
  ).default(30),
  requestTimeoutMs: wholeNumber(
    'Milliseconds a client may take to send its request. Default 10000.',
    100,
    120_000,
  ).default(10_000),
});

export type StorefrontConfig = z.output<typeof storefrontSchema>;
