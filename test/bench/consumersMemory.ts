import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Supervised } from '#test/reliability/readModels/roles.ts';
import { startServers } from '#test/reliability/readModels/servers.ts';
import { World } from '#test/reliability/readModels/world.ts';
import { eventually } from '#test/support/eventually.ts';
import { steadyChanges } from './consumers/steadyShop.ts';
import { residentBytes } from './standin/processFacts.ts';

/**
 * Memory of capture, consumers and storefront at a steady rate of changes with a shopper at the door: resident size and live heap, first and last
 * minute and the slope between, after a minute of warming up. The live heap is what counts: it is the least of each half minute, which is what is
 * left after collections.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '500' } },
});
const SAMPLE_MS = 2000;
const SAMPLES_EACH = 15;
const MEGABYTE = 1 << 20;

interface Sample {
  readonly rss: number;
  readonly heap: number;
}

const logs = mkdtempSync(join(tmpdir(), 'sluice-memory-'));
const servers = await startServers();
try {
  const world = await World.open('MEMORY', servers, 1, logs);
  await eventually(
    async () => {
      if ((await world.differences()).length > 0) throw new Error('the snapshot is still on its way');
    },
    { timeoutMs: 180_000, everyMs: 500 },
  );
  const stop = new AbortController();
  const working = steadyChanges(world.db, Number(values.rate), stop.signal);
  const shopping = shop(world.storefrontUrl, stop.signal);
  await delay(60_000);
  const roles = [world.capture, world.storefront, ...world.consumers];
  const samples = new Map<string, Sample[]>(roles.map(({ name }) => [name, []]));
  const startedMs = performance.now();
  while (performance.now() - startedMs < Number(values.minutes) * 60_000) {
    for (const role of roles) samples.get(role.name)!.push(await sampleOf(role));
    await delay(SAMPLE_MS);
  }
  stop.abort();
  const changed = await working;
  await shopping;
  process.stdout.write(`${changed} changes in ${values.minutes} minutes and one\n`);
  for (const [name, list] of samples) tell(name, list);
  await world.close();
} finally {
  await servers.stop();
  rmSync(logs, { recursive: true, force: true });
}

async function sampleOf({ ops, pid }: Supervised): Promise<Sample> {
  const text = await (await fetch(`${ops}/metrics`, { signal: AbortSignal.timeout(5000) })).text();
  const heap = /^\S*nodejs_heap_size_used_bytes(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
  return { rss: residentBytes(pid!), heap: Number(heap) };
}

async function shop(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fetch(`${url}/products?limit=20`)
      .then((answer) => answer.text())
      .catch(() => undefined);
    await fetch(`${url}/stock?skus=P00001,P00002,P00003`)
      .then((answer) => answer.text())
      .catch(() => undefined);
    await delay(100, undefined, { signal }).catch(() => undefined);
  }
}

function tell(name: string, samples: readonly Sample[]): void {
  const least = (of: (sample: Sample) => number): number[] => {
    const lows: number[] = [];
    for (let start = 0; start + SAMPLES_EACH <= samples.length; start += SAMPLES_EACH)
      lows.push(Math.min(...samples.slice(start, start + SAMPLES_EACH).map(of)) / MEGABYTE);
    return lows;
  };
  const line = (what: string, lows: readonly number[]): string =>
    `${what} ${lows[0]?.toFixed(0)} → ${lows.at(-1)?.toFixed(0)} MB, ${slope(lows).toFixed(2)} MB a minute`;
  process.stdout.write(
    `${name.padEnd(12)} ${line(
      'heap',
      least(({ heap }) => heap),
    )}; ${line(
      'resident',
      least(({ rss }) => rss),
    )}\n`,
  );
}

/** Of the straight line that fits best, in MB a minute; two values a minute. */
function slope(lows: readonly number[]): number {
  const middle = (lows.length - 1) / 2;
  const mean = lows.reduce((sum, low) => sum + low, 0) / lows.length;
  let [above, below] = [0, 0];
  for (const [i, low] of lows.entries()) {
    above += (i - middle) * (low - mean);
    below += (i - middle) ** 2;
  }
  return (above / below) * (60_000 / SAMPLE_MS / SAMPLES_EACH);
}
