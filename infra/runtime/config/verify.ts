import { z } from 'zod';

/** The `verify` section: what `sluice verify` may cost. */
export const verifySchema = z.strictObject({
  rowsPerSecond: z
    .int()
    .min(1)
    .max(10_000_000)
    .describe(
      'Most rows a second read from the source for a comparison. Default 20000: a million rows in under a minute, at a small share of one core of the server.',
    )
    .default(20_000),
  chunkRows: z
    .int()
    .min(100)
    .max(50_000)
    .describe('Rows of one statement, and of one SNAPSHOT transaction. Default 5000: some ten milliseconds each.')
    .default(5000),
  filterMegabytes: z
    .int()
    .min(1)
    .max(256)
    .describe(
      'Most memory for the ids of one table or index. Default 64: enough for 16 million ids; beyond, a thing without a source may be overlooked in one run, and the report says with what chance.',
    )
    .default(64),
  patienceSeconds: z
    .int()
    .min(1)
    .max(3600)
    .describe('Seconds a run waits in all for copies that lag, before it leaves them undecided. Default 120.')
    .default(120),
});
