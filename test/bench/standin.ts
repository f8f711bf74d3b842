import { parseArgs } from 'node:util';
import { type CaptureFigures, measureCapture } from './standin/capture.ts';
import { type BenchCase, CASES, fill } from './standin/cases.ts';
import { cpuMs, residentBytes } from './standin/processFacts.ts';
import { startPrototype, startStandin } from './standin/servers.ts';
import { BenchShop } from './standin/shop.ts';

/**
 * The stand-in's speed, through the `mssql` driver; with SLUICE_BENCH_PROTOTYPE naming a folder that holds the prototype of it, the prototype
 * beside it in the same run, by turns. Client and servers share the machine: rates are lower bounds and mean something only beside each other.
 * CPU is the server's own, so that it says more than the rate when the machine is busy.
 * Usage: node test/bench/standin.ts [--repeats 5] [--only TEXT] [--capture-seconds 5] [--node-args="--cpu-prof --cpu-prof-dir=DIR"]
 */
const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    'capture-seconds': { type: 'string', default: '5' },
    'node-args': { type: 'string', default: '' },
  },
});
const repeats = Number(values.repeats);
const prototype = process.env['SLUICE_BENCH_PROTOTYPE'];

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function sample(bench: BenchCase, shop: BenchShop): Promise<Sample> {
  const { pid } = shop.server;
  const cpu = cpuMs(pid);
  const from = performance.now();
  await bench.run(shop);
  const seconds = (performance.now() - from) / 1000;
  return { perSecond: bench.count / seconds, cpuMicros: ((cpuMs(pid) - cpu) * 1000) / bench.count };
}

const print = (...cells: readonly string[]): void => {
  const widths = [40, 10, 10, 10, 10, 12, 8, 8];
  process.stdout.write(
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(40) : cell.padStart(widths[i]!))).join(' ')}\n`,
  );
};
const whole = (value: number): string => Math.round(value).toLocaleString('en');
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

/** Runs one case on every server by turns and prints a line for each; the ratios compare with the last server's medians. */
async function measure(bench: BenchCase, shops: readonly BenchShop[]): Promise<void> {
  for (const shop of shops) await bench.run(shop);
  const samples = shops.map((): Sample[] => []);
  for (let i = 0; i < repeats; i++) {
    for (const [at, shop] of shops.entries()) samples[at]!.push(await sample(bench, shop));
  }
  const rateOf = (list: readonly Sample[]): number => median(list.map(({ perSecond }) => perSecond));
  const cpuOf = (list: readonly Sample[]): number => median(list.map(({ cpuMicros }) => cpuMicros));
  const reference = samples.at(-1)!;
  for (const [at, shop] of shops.entries()) {
    const list = samples[at]!;
    const rates = list.map(({ perSecond }) => perSecond);
    const compared = shops.length > 1 && at < shops.length - 1;
    print(
      at === 0 ? bench.name : '',
      shop.server.name,
      whole(Math.min(...rates)),
      whole(rateOf(list)),
      whole(Math.max(...rates)),
      `${cpuOf(list).toFixed(1)}/${bench.unit}`,
      compared ? (rateOf(list) / rateOf(reference)).toFixed(2) : '',
      compared ? (cpuOf(list) / cpuOf(reference)).toFixed(2) : '',
    );
  }
}

function printCapture(name: string, { changesPerSecond, cpuPercent, latencyMs }: CaptureFigures): void {
  process.stdout.write(
    `capture, ${name}: ${whole(changesPerSecond)} changes/s written and read, CPU ${cpuPercent.toFixed(0)} % of a core, ` +
      `commit to read p50 ${whole(latencyMs.p50)} ms, p99 ${whole(latencyMs.p99)} ms\n`,
  );
}

const servers = [await startStandin(values['node-args'].split(' ').filter(Boolean))];
if (prototype) servers.push(await startPrototype(prototype));
try {
  const shops = await Promise.all(servers.map((server) => BenchShop.open(server)));
  const wanted = CASES.filter(({ name }) => name.includes(values.only));
  if (wanted.some(({ name }) => name.startsWith('full scan'))) for (const shop of shops) await fill(shop);
  print('case', 'server', 'min/s', 'median/s', 'max/s', 'CPU µs', 'rate ×', 'CPU ×');
  for (const bench of wanted) await measure(bench, shops);
  const seconds = Number(values['capture-seconds']);
  if (seconds > 0) for (const shop of shops) printCapture(shop.server.name, await measureCapture(shop, seconds));
  for (const { name, pid } of servers)
    process.stdout.write(`memory at the end, ${name}: ${whole(residentBytes(pid) / 2 ** 20)} MiB\n`);
  for (const shop of shops) await shop.close();
} finally {
  for (const server of servers) await server.stop();
}
