import { z } from 'zod';
import { httpSchema, secretSchema, wholeNumber } from './sections.ts';

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
    'JSON list of API keys: [{"id","prefix","hash","scopes"}]; only hashes of the keys are kept. `sluice keys create` prints an entry.',
  ),
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
  maxAttempts: wholeNumber(
    'How often a command is tried when the database says it was a deadlock or passing trouble. Default 4.',
    1,
    20,
  ).default(4),
  ratePerSecond: z
    .number()
    .positive()
    .max(100_000)
    .describe('Commands per second each API key may send on average. Default 50.')
    .default(50),
  rateBurst: wholeNumber(
    'Commands each API key may send at once before the average counts. Default 100.',
    1,
    1_000_000,
  ).default(100),
  addressRatePerSecond: z
    .number()
    .positive()
    .max(100_000)
    .describe('Requests per second from one address, whatever the key, so that guessing keys is slow. Default 200.')
    .default(200),
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
  requireMinimalLogin: z
    .boolean()
    .describe('Refuse to start when the login can do more than run the procedures. Default true; false only warns.')
    .default(true),
});
