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

/** Runs of one case on one server before anything is timed: the server's code must have been compiled. */
const WARM_UP_RUNS = 8;
/** Timed runs that make one repeat; the servers take turns after each. */
const RUNS_A_REPEAT = 4;

interface Sample {
  seconds: number;
  cpuMs: number;
  count: number;
}

/** One repeat: by turns, so that what else the machine does meets all servers alike. */
async function repeat(bench: BenchCase, shops: readonly BenchShop[]): Promise<readonly Sample[]> {
  const samples = shops.map((): Sample => ({ seconds: 0, cpuMs: 0, count: 0 }));
  for (let run = 0; run < (bench.long ? 1 : RUNS_A_REPEAT); run++) {
    for (const [at, shop] of shops.entries()) {
      const sample = samples[at]!;
      const cpu = cpuMs(shop.server.pid);
      const from = performance.now();
      await bench.run(shop);
      sample.seconds += (performance.now() - from) / 1000;
      sample.cpuMs += cpuMs(shop.server.pid) - cpu;
      sample.count += bench.count;
    }
  }
  return samples;
}

const rateOf = ({ count, seconds }: Sample): number => count / seconds;
const cpuMicrosOf = ({ cpuMs: used, count }: Sample): number => (used * 1000) / count;

const print = (...cells: readonly string[]): void => {
  const widths = [40, 10, 10, 10, 10, 12, 8, 8];
  process.stdout.write(
    `${cells.map((cell, i) => (i === 0 ? cell.padEnd(40) : cell.padStart(widths[i]!))).join(' ')}\n`,
  );
};
const whole = (value: number): string => Math.round(value).toLocaleString('en');
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

/** Runs one case on every server by turns and prints a line for each; ratios are medians over the repeats, against the last server. */
async function measure(bench: BenchCase, shops: readonly BenchShop[]): Promise<void> {
  for (let i = 0; i < (bench.long ? 1 : WARM_UP_RUNS); i++) for (const shop of shops) await bench.run(shop);
  const rounds: (readonly Sample[])[] = [];
  for (let i = 0; i < repeats; i++) rounds.push(await repeat(bench, shops));
  for (const [at, shop] of shops.entries()) {
    const rates = rounds.map((samples) => rateOf(samples[at]!));
    const ratio = (of: (sample: Sample) => number): string =>
      at === shops.length - 1 ? '' : median(rounds.map((samples) => of(samples[at]!) / of(samples.at(-1)!))).toFixed(2);
    print(
      at === 0 ? bench.name : '',
      shop.server.name,
      whole(Math.min(...rates)),
      whole(median(rates)),
      whole(Math.max(...rates)),
      `${median(rounds.map((samples) => cpuMicrosOf(samples[at]!))).toFixed(1)}/${bench.unit}`,
      ratio(rateOf),
      ratio(cpuMicrosOf),
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
