import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { play } from './readModels/run.ts';
import { drawSchedule } from './readModels/schedule.ts';
import { startServers } from './readModels/servers.ts';

/**
 * Random schedules of trouble for the read models, on real servers and real processes with traffic on the source and shoppers at the door:
 * processes killed, hung, joining and leaving; servers restarted with and without their data; replays, rebuilds, new topics. Each must end with
 * copies that equal the source, and no shopper may ever see an older state after a newer one. One line of JSON a schedule; exit code 1 when
 * one failed. `--seed N --runs 1` plays one again.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '50' },
    /** Only troubles whose names contain one of these, separated by commas. */
    only: { type: 'string', default: '' },
    /** Where the logs of processes are kept; those of failed schedules only, in a temporary folder, when left out. */
    logs: { type: 'string' },
  },
});

const only = values.only.split(',').filter((part) => part !== '');
const logs = values.logs ?? mkdtempSync(join(tmpdir(), 'sluice-readmodels-logs-'));
const servers = await startServers();
let failed = 0;
try {
  for (let run = 0; run < Number(values.runs); run++) {
    const seed = Number(values.seed) + run;
    const logDir = join(logs, `seed-${seed}`);
    const outcome = await play(drawSchedule(seed, only), servers, logDir);
    if (outcome.verdict === 'failed') failed += 1;
    else if (values.logs === undefined) rmSync(logDir, { recursive: true, force: true });
    process.stdout.write(`${JSON.stringify({ ...outcome, ...(outcome.verdict === 'failed' && { logs: logDir }) })}\n`);
  }
} finally {
  await servers.stop();
}
process.stdout.write(`${JSON.stringify({ schedules: Number(values.runs), failed })}\n`);
process.exitCode = failed === 0 ? 0 : 1;
