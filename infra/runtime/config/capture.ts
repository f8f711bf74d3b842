import { z } from 'zod';
import { wholeNumber } from './sections.ts';

export const captureSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,80}$/)
    .describe(
      'Name under which the position is kept; the transactional id that fences a second capture. Default capture.',
    )
    .default('capture'),
  pollIntervalMs: wholeNumber(
    'Milliseconds between polls while there is work. Default 100: half of the usual budget to stock.',
    5,
    60_000,
  ).default(100),
  maxPollIntervalMs: wholeNumber(
    'Milliseconds between polls when the source is quiet. Default 500.',
    5,
    300_000,
  ).default(500),
  pageRows: wholeNumber('Rows of one page of a change table. Default 2000.', 10, 100_000).default(2000),
  maxBatchRows: wholeNumber('Changes in one Kafka transaction. Default 5000.', 10, 100_000).default(5000),
  snapshotChunkRows: wholeNumber(
    'Rows of one snapshot chunk: one short transaction on the source. Default 5000.',
    10,
    100_000,
  ).default(5000),
});
