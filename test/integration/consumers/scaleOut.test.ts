import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { PHASES, playScaleOut } from '#test/reliability/scaleOut/play.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

/** On a machine with nothing else to do it takes well under a minute. */
const TIMEOUT_MS = 300_000;

describe('consumer processes that come and go', () => {
  let standin: StandinProcess;
  let logDir: string;
  beforeAll(async () => {
    standin = await startStandin({ args: ['--capture-interval', '50', '--tls', 'off'] });
    logDir = mkdtempSync(join(tmpdir(), 'sluice-scale-'));
  });
  afterAll(async () => {
    await standin.stop();
    rmSync(logDir, { recursive: true, force: true });
  });

  test('share the work, and the copies equal the source at the end', { timeout: TIMEOUT_MS }, async () => {
    const site = { addresses: inject('stack'), standin };
    const phases = [PHASES.join(1, 1500), PHASES.kill(8000), PHASES.leave(1, 1000)];
    const { phases: reports, faults } = await playScaleOut(site, phases, { consumers: 1, seed: 7, logDir });
    expect(faults).toEqual([]);
    const [joined, , left] = reports;
    // The newcomer takes its share and no more; what the other keeps stays where it was.
    expect(joined!.moved).toBeGreaterThan(0);
    expect(left!.processes).toBe(1);
  });
});
