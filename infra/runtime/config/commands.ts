import { z } from 'zod';
import { certificatesSchema, tlsSchema } from './commandCallers.ts';
import { httpSchema, secretSchema, wholeNumber } from './sections.ts';
import { tokensSchema } from './tokens.ts';

/** Where commands wait while the database is away. */
const queueSchema = z.strictObject({
  keepDays: wholeNumber('Days a queued command and its status are kept. Default 7: a long week-end.', 1, 90).default(7),
  maxAgeHours: wholeNumber(
    'Hours after which a command that was not begun ends as failed instead. Default 72: prices and stock are checked again when it runs.',
    1,
    2160,
  ).default(72),
  partitions: wholeNumber(
    'Partitions of its topics: customers that can wait for each other less. Fixed once made. Default 4.',
    1,
    1000,
  ).default(4),
  concurrency: wholeNumber('Customers whose queued commands run at once in this process. Default 4.', 1, 100).default(
    4,
  ),
  timeoutMs: wholeNumber(
    'Milliseconds Kafka may take to keep a command before the caller is told that it was not accepted. Default 5000.',
    100,
    60_000,
  ).default(5000),
  statusBytes: wholeNumber(
    'Bytes of memory for the states of queued commands; the oldest are forgotten first. Default 64 MiB: about 50000 orders.',
    1_048_576,
    2_147_483_647,
  ).default(64 * 1_048_576),
});

/** The guarded way back: who may call, how fast, and with which login the procedures are run. */
export const commandsSchema = z.strictObject({
  user: z
    .string()
    .min(1)
    .describe('Login that may EXECUTE the procedures of schema storefront and nothing else. Default sluice_commands.')
    .default('sluice_commands'),
  password: secretSchema('Password of that login.'),
  http: httpSchema('the command API').prefault({}),
  keys: secretSchema(
    'JSON list of API keys: [{"id","prefix","hash","scopes"}]; only hashes of the keys are kept. `sluice keys` keeps such a file; one that is read with secretFile() counts without a restart.',
  ),
  keysReloadMs: wholeNumber(
    'Milliseconds between looks at the list of keys: how long a revoked key may still work. Default 5000.',
    100,
    3_600_000,
  ).default(5000),
  tokens: tokensSchema,
  certificates: certificatesSchema,
  tls: tlsSchema.optional(),
  dialect: z
    .enum(['sqlserver2008', 'sqlserver2005'])
    .describe('Which procedures the database has: `sluice sql --server` prints both. Default sqlserver2008.')
    .default('sqlserver2008'),
  maxConcurrency: wholeNumber(
    'Commands running in the database at once; further ones wait. Default 8.',
    1,
    200,
  ).default(8),
  maxQueued: wholeNumber('Commands waiting for their turn; further ones get 503. Default 200.', 0, 100_000).default(
    200,
  ),
  queueTimeoutMs: wholeNumber(
    'Milliseconds a command may wait for its turn before it gets 503. Default 2000.',
    1,
    60_000,
  ).default(2000),
  statementTimeoutMs: wholeNumber(
    'Milliseconds one procedure call may take before the driver cancels it (the transaction then rolls back). Default 10000.',
    100,
    300_000,
  ).default(10_000),
  breaker: z
    .strictObject({
      failures: wholeNumber('Calls in a row that find the database away before it opens. Default 5.', 1, 1000).default(
        5,
      ),
      openMs: wholeNumber(
        'Milliseconds it stays open at first; doubles with each failed try. Default 1000.',
        10,
        600_000,
      ).default(1000),
      maxOpenMs: wholeNumber('Milliseconds it stays open at most. Default 15000.', 10, 600_000).default(15_000),
    })
    .describe(
      'Circuit breaker: while it is open, commands fail at once instead of waiting for a database that is not there.',
    )
    .prefault({}),
  maxAttempts: wholeNumber(
    'How often a command is tried when the database says it was a deadlock or passing trouble. Default 4.',
    1,
    20,
  ).default(4),
  ratePerSecond: z
    .number()
    .positive()
    .max(100_000)
    .describe('Commands per second each caller may send on average, over all its keys and tokens. Default 50.')
    .default(50),
  rateBurst: wholeNumber(
    'Commands each caller may send at once before the average counts. Default 100.',
    1,
    1_000_000,
  ).default(100),
  dailyCommands: wholeNumber(
    'Commands each caller may send from midnight to midnight UTC. Default 1000000. Counted in memory: a restart counts anew.',
    1,
    2_000_000_000,
  ).default(1_000_000),
  processes: wholeNumber(
    'API processes that share the callers: each grants its part of the rates. Default 1.',
    1,
    1000,
  ).default(1),
  addressRatePerSecond: z
    .number()
    .positive()
    .max(100_000)
    .describe('Requests per second from one address, whatever the key, so that guessing keys is slow. Default 200.')
    .default(200),
  trustProxy: z
    .union([z.literal(false), z.array(z.string().min(1)).min(1)])
    .describe(
      'Addresses or CIDR ranges of the proxies whose X-Forwarded-For is believed; false believes nobody. Default false: a forged header would get round the limit per address.',
    )
    .default(false),
  corsOrigins: z
    .array(z.url())
    .describe('Origins whose pages may read answers, such as https://shop.example. Default none.')
    .default([]),
  maxConnections: wholeNumber('Connections open at once; further ones are closed. Default 2000.', 1, 100_000).default(
    2000,
  ),
  batchBodyLimitBytes: wholeNumber(
    'Largest body of POST /batches in bytes. Default 2097152: 500 orders of ten lines take under 1 MiB.',
    1024,
    33_554_432,
  ).default(2_097_152),
  idempotencyKeepDays: wholeNumber(
    'Days an idempotency key and its answer are kept; a repetition after that is a new command. Default 30.',
    1,
    3650,
  ).default(30),
  queue: queueSchema
    .describe('Takes commands durably while the database is away (Prefer: respond-async). Leave out to take none.')
    .optional(),
  bodyLimitBytes: wholeNumber(
    'Largest request body in bytes. Default 65536: 200 lines of an order take under 20000.',
    1024,
    1_048_576,
  ).default(65_536),
  requestTimeoutMs: wholeNumber(
    'Milliseconds a client may take to send its request. Default 10000.',
    100,
    120_000,
  ).default(10_000),
  soap: z
    .strictObject({
      url: z
        .url()
        .describe('Address at which SOAP clients reach the door, for the WSDL, such as https://commands.example/soap.'),
      requireTls: z
        .boolean()
        .describe(
          'Refuse passwords that came without TLS. Default true; false only behind a proxy that ends TLS and is not named in trustProxy.',
        )
        .default(true),
    })
    .describe('The same use cases as SOAP 1.1 and 1.2 messages at /soap. Leave out to serve none.')
    .optional(),
  requireMinimalLogin: z
    .boolean()
    .describe('Refuse to start when the login can do more than run the procedures. Default true; false only warns.')
    .default(true),
});
