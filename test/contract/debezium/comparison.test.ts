import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createRegistry } from '#schemas/registry.ts';
import { Unavailable } from '../clients/foreignProgram.ts';
import { compare } from './comparison.ts';
import { runComparison } from './comparisonRun.ts';
import { type DebeziumProgram, prepareDebezium } from './debeziumRun.ts';

/** The long version is test/reliability/debeziumComparison.ts. */
describe("Sluice beside Debezium's connector, both with Avro", () => {
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

  it('writes the same keys, images, places, transactions and schemas, but for the differences in docs/debezium.md', {
    timeout: 240_000,
  }, async (ctx) => {
    if (!program) return ctx.skip(missing);
    const { kafka, registry } = inject('stack');
    const compared = await runComparison(program, {
      brokers: kafka!.brokers,
      registryUrl: registry!.url,
      batches: 60,
      seed: 42,
      timeoutMs: 90_000,
      restarts: 1,
    });
    const report = await compare(compared, createRegistry({ url: registry!.url }));
    expect(report.differences).toEqual([]);
    expect(report.records).toBeGreaterThan(150);
    expect(report.transactions).toBeGreaterThan(70);
  });
});
