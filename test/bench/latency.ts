import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServers } from '#test/reliability/readModels/servers.ts';
import { World } from '#test/reliability/readModels/world.ts';
import { eventually } from '#test/support/eventually.ts';
import { steadyChanges } from './consumers/steadyShop.ts';

/**
 * Milliseconds from commit in the source to each stage on the way to the search and to the stock copy, p50 and p99, at steady rates: the real
 * processes, the stand-in as the source. Half of the changes are products, half are levels. Each rate is warmed up for ten seconds; what counts are
 * the newest changes at its end (at most 10,000 a stage).
 */
const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '500,2000' },
    seconds: { type: 'string', default: '40' },
    consumers: { type: 'string', default: '1' },
  },
});
const WARM_UP_MS = 10_000;

interface Summary {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}
type Stages = Readonly<Record<string, Summary>>;
interface CopyStatus {
  readonly commitTo: Stages;
  readonly commitToSearchable?: Summary;
  readonly commitToStock?: Summary;
}

const logs = mkdtempSync(join(tmpdir(), 'sluice-latency-'));
const servers = await startServers();
try {
  for (const rate of values.rates.split(',').map(Number)) await measure(rate);
} finally {
  await servers.stop();
  rmSync(logs, { recursive: true, force: true });
}

/** A shop of its own for each rate, so that no sample of another is in the figures. */
async function measure(rate: number): Promise<void> {
  const world = await World.open(`LAT${rate}`, servers, Number(values.consumers), logs);
  try {
    await eventually(
      async () => {
        if ((await world.differences()).length > 0) throw new Error('the snapshot is still on its way');
      },
      { timeoutMs: 180_000, everyMs: 500 },
    );
    const stop = new AbortController();
    const startedMs = performance.now();
    const working = steadyChanges(world.db, rate, stop.signal);
    await delay(WARM_UP_MS + Number(values.seconds) * 1000);
    const statuses = await Promise.all(world.consumers.map(statusOf));
    stop.abort();
    const changed = await working;
    const reached = changed / ((performance.now() - startedMs) / 1000);
    process.stdout.write(`${rate} changes/s (${reached.toFixed(0)} reached)\n`);
    // With several processes the figures are those of the first one that saw changes of the kind.
    const first = (copy: string): CopyStatus | undefined =>
      statuses
        .map((status) => status[copy])
        .find((status) => (status?.commitTo['read'] ?? status?.commitTo['taken']) !== undefined);
    const [rows, catalog, stock] = [first('rows'), first('catalog.product'), first('stock')];
    tell('search', { ...rows?.commitTo, ...catalog?.commitTo, searchable: catalog?.commitToSearchable });
    tell('stock', { ...stock?.commitTo, 'in stock': stock?.commitToStock });
  } finally {
    await world.close();
  }
}

async function statusOf({
  ops,
}: {
  readonly ops: string | undefined;
}): Promise<Readonly<Record<string, CopyStatus | undefined>>> {
  const response = await fetch(`${ops}/status`, { signal: AbortSignal.timeout(5000) });
  return (await response.json()) as Record<string, CopyStatus>;
}

function tell(copy: string, stages: Readonly<Record<string, Summary | undefined>>): void {
  const parts = Object.entries(stages).flatMap(([stage, summary]) =>
    summary === undefined ? [] : [`${stage} ${summary.p50Ms?.toFixed(0)}/${summary.p99Ms?.toFixed(0)}`],
  );
  process.stdout.write(`  commit → ${copy}, p50/p99 ms: ${parts.join(' · ')}\n`);
}
