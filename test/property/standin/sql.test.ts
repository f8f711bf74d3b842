import fc from 'fast-check';
import { describe, it } from 'vitest';
import { mutatedStatement, tokenSoup } from './sqlArbitraries.ts';
import { runTexts } from './sqlFuzz.ts';

/** `runTexts` rejects on anything but an error of the server's. Longer: test/reliability/fuzzStandin.ts. */
describe("the stand-in's T-SQL", { timeout: 120_000 }, () => {
  it('answers words in any order with errors, nothing worse', async () => {
    const texts = fc.array(tokenSoup, { minLength: 25, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(texts, (batch) => runTexts(batch)),
      { numRuns: 20, seed: 20260101 },
    );
  });

  it('answers spoilt statements with rows or errors, nothing worse', async () => {
    const texts = fc.array(mutatedStatement, { minLength: 25, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(texts, (batch) => runTexts(batch)),
      { numRuns: 20, seed: 20260102 },
    );
  });
});
