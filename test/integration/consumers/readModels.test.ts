import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { play } from '#test/reliability/readModels/run.ts';
import { drawSchedule } from '#test/reliability/readModels/schedule.ts';
import { type Servers, startServers } from '#test/reliability/readModels/servers.ts';

/**
 * Chosen for its mix: within thirteen seconds all consumers killed, the index red, Redis killed and the end of its file cut off, the broker
 * killed, the capture killed, and Elasticsearch hung.
 */
const SEED = 627;

let servers: Servers;
const logs = mkdtempSync(join(tmpdir(), 'sluice-schedule-'));

// Servers of its own: it kills them.
beforeAll(async () => {
  servers = await startServers();
}, 240_000);

afterAll(async () => {
  await servers?.stop();
  rmSync(logs, { recursive: true, force: true });
});

it('the read models equal the source after a random schedule of trouble, and no shopper sees an older state after a newer one', async () => {
  const { verdict, faults, transactions, answers } = await play(drawSchedule(SEED), servers, logs);
  expect({ verdict, faults }).toEqual({ verdict: 'ok', faults: [] });
  expect(transactions).toBeGreaterThan(0);
  expect(answers['200']).toBeGreaterThan(0);
}, 600_000);
