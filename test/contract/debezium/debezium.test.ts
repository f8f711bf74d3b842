import { beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../clients/foreignProgram.ts';
import {
  type DebeziumProgram,
  type IsolationMode,
  prepareDebezium,
  type QueryMode,
  runDebezium,
} from './debeziumRun.ts';

const CASES: readonly { isolation: IsolationMode; queryMode: QueryMode }[] = [
  { isolation: 'snapshot', queryMode: 'function' },
  { isolation: 'repeatable_read', queryMode: 'direct' },
];

/** The long version, all four combinations and 50,000 changes each, is test/reliability/debezium.ts. */
describe("Debezium's SQL Server connector", () => {
  let program: DebeziumProgram | undefined;
  let missing = '';

  beforeAll(async () => {
    try {
      program = await prepareDebezium();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing = error.message;
    }
  }, 600_000);

  for (const { isolation, queryMode } of CASES) {
    it(`takes a ${isolation} snapshot and streams every change, reading by ${queryMode}`, {
      timeout: 180_000,
    }, async (ctx) => {
      if (!program) return ctx.skip(missing);
      const { seen, expected } = await runDebezium(program, {
        isolation,
        queryMode,
        changes: 1000,
        seed: 42,
        timeoutMs: 80_000,
      });
      expect(seen.faults).toEqual([]);
      expect(seen.snapshotRows).toBe(expected.snapshotRows);
      expect(seen.counts).toEqual(expected.counts);
      expect(seen.images).toEqual(expected.images);
      expect(seen.tombstones).toBe((expected.counts['Item:d'] ?? 0) + (expected.counts['Move:d'] ?? 0));
    });
  }
});
