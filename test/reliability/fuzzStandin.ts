import fc from 'fast-check';
import { mutatedStatement, tokenSoup } from '../property/standin/sqlArbitraries.ts';
import { runTexts, type Tally } from '../property/standin/sqlFuzz.ts';

const TEXTS_PER_ENGINE = 100;

/**
 * Random T-SQL against the stand-in's engine for a while: words in any order and spoilt statements by turns. Prints one line; the first
 * text that does worse than return an error ends it with exit code 1. Arguments: seconds (default 60), seed (default: the clock's).
 */
async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 60);
  const firstSeed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
  const endMs = Date.now() + seconds * 1000;
  const tally: Tally = new Map();
  let seed = firstSeed;
  for (; Date.now() < endMs; seed++) {
    const arbitrary = seed % 4 === 0 ? tokenSoup : mutatedStatement;
    try {
      await runTexts(fc.sample(arbitrary, { numRuns: TEXTS_PER_ENGINE, seed }), tally);
    } catch (error) {
      process.stderr.write(`seed ${seed}: ${(error as Error).message}\n${String((error as Error).cause)}\n`);
      process.stderr.write(`${((error as Error).cause as Error | undefined)?.stack ?? ''}\n`);
      process.exitCode = 1;
      break;
    }
  }
  const texts = [...tally.values()].reduce((sum, n) => sum + n, 0);
  const common = [...tally].sort((a, b) => b[1] - a[1]).slice(0, 12);
  const residentMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const line = { firstSeed, engines: seed - firstSeed, texts, clean: tally.get(0) ?? 0, kinds: tally.size, residentMb };
  process.stdout.write(`${JSON.stringify({ ...line, commonErrors: Object.fromEntries(common) })}\n`);
}

await main();
