import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServers } from './readModels/servers.ts';
import { PHASES, playScaleOut } from './scaleOut/play.ts';

/**
 * Two, then four, then one consumer process share the work of a shop with traffic: they join, leave, are killed and stopped, on real servers.
 * Prints a line of JSON for each phase with the longest pause of each partition, and ends with 0 differences or exit code 1.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '8' },
    /** How often the whole is played. */
    runs: { type: 'string', default: '1' },
    logs: { type: 'string' },
  },
});

const LOOK_MS = 12_000;
const phases = [
  PHASES.steady(LOOK_MS),
  PHASES.join(2, LOOK_MS),
  PHASES.leave(1, LOOK_MS),
  PHASES.join(1, LOOK_MS),
  PHASES.kill(LOOK_MS + 8000),
  PHASES.hang(9000, LOOK_MS),
  PHASES.leave(3, LOOK_MS),
];

process.env['RM_PARTITIONS'] = values.partitions;
const logs = values.logs ?? mkdtempSync(join(tmpdir(), 'sluice-scale-logs-'));
const servers = await startServers();
let failed = 0;
try {
  for (let run = 0; run < Number(values.runs); run++) {
    const seed = Number(values.seed) + run;
    const report = await playScaleOut(servers, phases, { consumers: 2, seed, logDir: join(logs, `seed-${seed}`) });
    for (const phase of report.phases) process.stdout.write(`${JSON.stringify({ seed, ...phase })}\n`);
    process.stdout.write(`${JSON.stringify({ seed, memoryMiB: report.memoryMiB, faults: report.faults })}\n`);
    if (report.faults.length > 0) failed += 1;
  }
} finally {
  await servers.stop();
}
process.stdout.write(`${JSON.stringify({ runs: Number(values.runs), failed, logs })}\n`);
process.exitCode = failed === 0 ? 0 : 1;
