import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { consumerGroups } from '#infra/cli/consumerGroups.ts';
import { eventually } from '#test/support/eventually.ts';
import { seededRandom } from '#test/support/seededRandom.ts';
import type { Supervised } from '../readModels/roles.ts';
import { converged, isFilled } from '../readModels/run.ts';
import type { Site } from '../readModels/servers.ts';
import { ShopDay } from '../readModels/traffic.ts';
import { World } from '../readModels/world.ts';
import { type Pause, PauseWatch } from './pauseWatch.ts';

type Shop = World<Site>;

/** Something that happens to the consumers while the shop's day goes on. */
export interface Phase {
  readonly name: string;
  /** How long to look on afterwards, ms. */
  readonly forMs: number;
  happen(world: Shop): Promise<void>;
}

/** What one phase did to the partitions. */
export interface PhaseReport {
  readonly phase: string;
  readonly processes: number;
  /** Partitions (of all groups) that changed hands. */
  readonly moved: number;
  readonly stayed: number;
  /** Longest pause of each partition, ms: of those that stayed and those that moved. */
  readonly stayedMs: Spread;
  readonly movedMs: Spread;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ScaleReport {
  readonly phases: readonly PhaseReport[];
  /** What is wrong; empty when every copy equals the source and no process ended by itself. */
  readonly faults: readonly string[];
  /** Resident memory of the consumers before they were ended, MiB. */
  readonly memoryMiB: readonly number[];
}

const READY_MS = 60_000;

/** Waits until a process says that it is ready: it has its partitions, as far as the others have let go of them. */
async function ready(consumer: Supervised): Promise<void> {
  const late = AbortSignal.timeout(READY_MS);
  const timeout = new Promise<never>((_, reject) => late.addEventListener('abort', () => reject(late.reason)));
  await Promise.race([consumer.ready(), timeout]);
}

const last = (world: Shop): Supervised => world.consumers.at(-1)!;

/** A phase of each kind; `n` processes come or go. */
export const PHASES = {
  steady: (forMs: number): Phase => ({ name: 'nothing happens', forMs, happen: async () => undefined }),
  join: (n: number, forMs: number): Phase => ({
    name: n === 1 ? 'one joins' : `${n} join`,
    forMs,
    happen: async (world) => void (await Promise.all(Array.from({ length: n }, () => ready(world.addConsumer())))),
  }),
  leave: (n: number, forMs: number): Phase => ({
    name: n === 1 ? 'one leaves (SIGTERM)' : `${n} leave (SIGTERM)`,
    forMs,
    happen: async (world) => {
      await Promise.all(world.consumers.slice(-n).map((consumer) => world.removeConsumer(consumer)));
    },
  }),
  kill: (forMs: number): Phase => ({
    name: 'one is killed (kill -9) and started again',
    forMs,
    happen: (world) => last(world).kill(),
  }),
  hang: (hangMs: number, forMs: number): Phase => ({
    name: `one is stopped for ${hangMs / 1000} s (SIGSTOP, SIGCONT)`,
    forMs,
    happen: (world) => last(world).pause(hangMs),
  }),
} as const;

/**
 * Lets consumer processes come and go while the source changes, and judges the copies at the end: every document, level and order must equal
 * the source. `consumers` run from the start.
 */
export async function playScaleOut(
  site: Site,
  phases: readonly Phase[],
  { consumers, seed, logDir }: { readonly consumers: number; readonly seed: number; readonly logDir: string },
): Promise<ScaleReport> {
  const world = await World.open(`SO${seed}x${Date.now().toString(36)}`, site, consumers, logDir);
  const day = new ShopDay(world.db, seededRandom(seed));
  const faults: string[] = [];
  const reports: PhaseReport[] = [];
  let memoryMiB: number[] = [];
  try {
    await isFilled(world);
    const watch = new PauseWatch(world.kafka, consumerGroups(await world.config()));
    day.start();
    watch.start();
    for (const phase of phases) reports.push(await played(phase, world, watch, logDir));
    memoryMiB = world.consumers.map(({ pid }) => residentMiB(pid!));
    await watch.stop();
    await day.stop();
    await converged(world, day, faults);
    const { stdout } = await world.sluice(['dlq', 'list', '--json', '--limit', '10']);
    for (const letter of JSON.parse(stdout) as object[])
      faults.push(`dead letter ${JSON.stringify(letter).slice(0, 300)}`);
  } catch (error) {
    faults.push(`broken off: ${error instanceof Error ? error.message : String(error)}`);
  }
  await day.stop().catch((error: unknown) => faults.push(`traffic: ${String(error)}`));
  await world.close();
  faults.push(...world.deaths.map(({ process, how, said }) => `${process} ${how}: ${said}`));
  return { phases: reports, faults, memoryMiB };
}

async function played(phase: Phase, world: Shop, watch: PauseWatch, logDir: string): Promise<PhaseReport> {
  const [fromMs, before] = [performance.now(), gains(logDir).length];
  await phase.happen(world);
  await delay(phase.forMs);
  await eventually(() => assertTold(world, logDir), { timeoutMs: READY_MS });
  const moved = new Set(gains(logDir).slice(before));
  const longest = new Map<string, number>();
  for (const pause of watch.between(fromMs, performance.now()))
    longest.set(pause.place, Math.max(longest.get(pause.place) ?? 0, within(pause, fromMs)));
  const [gone, kept] = [[...longest].filter(([p]) => moved.has(p)), [...longest].filter(([p]) => !moved.has(p))];
  return {
    phase: phase.name,
    processes: world.consumers.length,
    moved: moved.size,
    stayed: kept.length,
    stayedMs: spread(kept.map(([, ms]) => ms)),
    movedMs: spread(gone.map(([, ms]) => ms)),
  };
}

const within = ({ fromMs, toMs }: Pause, beginMs: number): number => toMs - Math.max(fromMs, beginMs);

/** Every process that runs has told of an assignment. */
function assertTold(world: Shop, logDir: string): void {
  for (const { name } of world.consumers)
    if (!readFileSync(join(logDir, `${name}.log`), 'utf8').includes('"event":"group_assigned"'))
      throw new Error(`${name} has no assignment yet`);
}

/** Every partition that a process was given, as the processes' logs tell it, in the order of the files. */
function gains(logDir: string): string[] {
  const gained: { readonly at: string; readonly places: readonly string[] }[] = [];
  for (const file of readdirSync(logDir).filter((name) => name.startsWith('consumers-'))) {
    for (const line of readFileSync(join(logDir, file), 'utf8').split('\n')) {
      if (!line.includes('"event":"group_assigned"')) continue;
      const entry = JSON.parse(line) as { time: string | number; groupId: string; gained: readonly string[] };
      gained.push({ at: String(entry.time), places: entry.gained.map((place) => `${entry.groupId} ${place}`) });
    }
  }
  return gained.sort((a, b) => (a.at < b.at ? -1 : 1)).flatMap(({ places }) => places);
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: Math.round(sorted.at(-1) ?? 0) };
}

const PAGE_MIB = 4096 / 2 ** 20;

function residentMiB(pid: number): number {
  return Math.round(Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_MIB);
}
