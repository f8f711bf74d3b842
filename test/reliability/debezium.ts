import { isDeepStrictEqual } from 'node:util';
import {
  type DebeziumCase,
  type DebeziumProgram,
  prepareDebezium,
  runDebezium,
} from '../contract/debezium/debeziumRun.ts';

/**
 * Debezium's connector against the stand-in, long: both query modes and two isolation modes, 50,000 changes each. One line per case; exit
 * code 1 when a count or a row differs. Arguments: number of changes (default 50,000), seed (default 1).
 */
async function main(): Promise<void> {
  const changes = Number(process.argv[2] ?? 50_000);
  const seed = Number(process.argv[3] ?? 1);
  const program = await prepareDebezium();
  for (const isolation of ['snapshot', 'repeatable_read'] as const) {
    for (const queryMode of ['function', 'direct'] as const) {
      await one(program, { isolation, queryMode, changes, seed, timeoutMs: 300_000 });
    }
  }
}

async function one(program: DebeziumProgram, setup: DebeziumCase): Promise<void> {
  const result = await runDebezium(program, setup);
  const { seen, expected } = result;
  const exact =
    seen.faults.length === 0 &&
    seen.snapshotRows === expected.snapshotRows &&
    isDeepStrictEqual({ ...seen.counts }, { ...expected.counts }) &&
    isDeepStrictEqual(seen.images, expected.images);
  const line = {
    isolation: setup.isolation,
    queryMode: setup.queryMode,
    exact,
    snapshotRows: seen.snapshotRows,
    changes: result.changes,
    counts: seen.counts,
    finalRows: seen.images.size,
    changingMs: result.changingMs,
    streamingMs: result.streamingMs,
    ...(exact ? {} : { faults: seen.faults, expected: expected.counts }),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (!exact) process.exitCode = 1;
}

await main();
