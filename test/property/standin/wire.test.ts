import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { damage } from './wireArbitraries.ts';
import { isAlive, residentMb, speak } from './wireFuzz.ts';

const MOST_GROWTH_MB = 200;

describe("the stand-in's wire", { timeout: 120_000 }, () => {
  let standin: StandinProcess;
  beforeAll(async () => {
    standin = await startStandin();
  });
  afterAll(() => standin.stop());

  it('lets every spoilt conversation go, at whatever stage, and serves the next client', async () => {
    await isAlive(standin);
    const before = residentMb(standin.pid);
    const run = fc.asyncProperty(fc.array(damage, { minLength: 8, maxLength: 8 }), async (damages) => {
      await Promise.all(damages.map((one) => speak(standin, one)));
      await isAlive(standin);
    });
    await fc.assert(run, { numRuns: 60, seed: 20260103 });
    const after = residentMb(standin.pid);
    expect((after ?? 0) - (before ?? 0)).toBeLessThan(MOST_GROWTH_MB);
    expect(await standin.stop()).toBe(0);
  });
});
