import fc from 'fast-check';
import { mutatedStatement, tokenSoup } from '../property/standin/sqlArbitraries.ts';
import { runTexts, type Tally } from '../property/standin/sqlFuzz.ts';
import { damage } from '../property/standin/wireArbitraries.ts';
import { isAlive, residentMb, speak } from '../property/standin/wireFuzz.ts';
import { startStandin } from '../support/standinProcess.ts';

const TEXTS_PER_ENGINE = 100;

/**
 * Random T-SQL against the stand-in's engine, then spoilt packets against its process, half of the time each. Prints one line for either;
 * the first text that does worse than return an error, or conversation that does worse than end, makes the exit code 1. Arguments: seconds
 * (default 60), seed (default: the clock's).
 */
async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 60);
  const firstSeed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
  await texts(firstSeed, Date.now() + seconds * 500);
  await packets(firstSeed, Date.now() + seconds * 500);
}

/** Words in any order and spoilt statements by turns. */
async function texts(firstSeed: number, endMs: number): Promise<void> {
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
  const count = [...tally.values()].reduce((sum, n) => sum + n, 0);
  const common = [...tally].sort((a, b) => b[1] - a[1]).slice(0, 12);
  const residentMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const line = {
    firstSeed,
    engines: seed - firstSeed,
    texts: count,
    clean: tally.get(0) ?? 0,
    kinds: tally.size,
    residentMb,
  };
  process.stdout.write(`${JSON.stringify({ ...line, commonErrors: Object.fromEntries(common) })}\n`);
}

/** Spoilt conversations, eight at once, against one process whose memory is watched. */
async function packets(firstSeed: number, endMs: number): Promise<void> {
  const standin = await startStandin();
  let seed = firstSeed;
  let spoken = 0;
  let warmMb = 0;
  try {
    for (; Date.now() < endMs; seed++) {
      for (const one of [1, 2, 3, 4]) {
        const damages = fc.sample(damage, { numRuns: 8, seed: seed * 5 + one });
        await Promise.all(damages.map((each) => speak(standin, each)));
        spoken += damages.length;
      }
      await isAlive(standin);
      if (seed === firstSeed + 20) warmMb = residentMb(standin.pid) ?? 0;
    }
  } catch (error) {
    process.stderr.write(`seed ${seed}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  } finally {
    const line = { firstSeed, conversations: spoken, warmMb, residentMb: residentMb(standin.pid) };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    await standin.stop();
  }
}

await main();
