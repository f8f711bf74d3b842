import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '#test/support/eventually.ts';
import type { Schedule } from './schedule.ts';
import type { Servers, Site } from './servers.ts';
import { Shopper, type Wrong } from './shopper.ts';
import { skuOf } from './shopTables.ts';
import { ShopDay } from './traffic.ts';
import { type Expected, operate, type Stage, Turns } from './trouble.ts';
import { World } from './world.ts';

/** How one schedule ended. */
export interface Outcome {
  readonly seed: number;
  readonly troubles: readonly string[];
  readonly verdict: 'ok' | 'failed';
  /** Why it failed; empty when it did not. */
  readonly faults: readonly string[];
  readonly transactions: number;
  readonly answers: Readonly<Record<string, number>>;
  /** Older states that shoppers saw while a copy was gone on purpose. */
  readonly excused: number;
  /** Seconds from the end of the traffic until everything was right, and in all. */
  readonly convergedSeconds: number;
  readonly seconds: number;
}

const READY_MS = 240_000;
/** Comparing goes on for so long when there are differences: everything was read, yet an index that was lost may still be filled. */
const SETTLE_MS = 90_000;
/** As long it may take while the shop is open, where copies may still be filled anew, or a new index be compared again after half a minute. */
const LIVE_MS = 180_000;
const SHOWN_DIFFERENCES = 8;
/** The traffic goes on for a while after the last trouble has begun. */
const AFTER_MS = 3000;

/** Plays one schedule on these servers and judges it. */
export async function play(schedule: Schedule, servers: Servers, logDir: string): Promise<Outcome> {
  const startedMs = performance.now();
  const id = `RM${schedule.seed}x${Date.now().toString(36)}`;
  const world = await World.open(id, servers, schedule.consumers, logDir);
  const day = new ShopDay(world.db, schedule.random.traffic);
  const shopper = new Shopper(world.storefrontUrl, day, schedule.random.shopper);
  const faults: string[] = [];
  const expected: Expected = { letters: new Set(), deaths: new Set(), repairs: [] };
  const note = (what: string) => (error: unknown) => void faults.push(`${what}: ${short(error)}`);
  let convergedMs = 0;
  try {
    await isFilled(world);
    shopper.expectAll();
    shopper.start();
    day.start();
    await troubled(schedule, { world, day, shopper, random: schedule.random.trouble, ...turns(), expected }, note);
    await mended(servers, world);
    if (schedule.seed % 2 === 0 && expected.repairs.length === 0) faults.push(...(await equalUnderTraffic(world)));
    await day.stop();
    for (const repair of expected.repairs) await repair();
    const stoppedMs = performance.now();
    await converged(world, day, faults);
    convergedMs = performance.now() - stoppedMs;
    faults.push(...(await lettersLeft(world, expected)));
    shopper.endExcuses();
    await delay(500);
  } catch (error) {
    note('the schedule broke off')(error);
  }
  await shopper.stop().catch(note('shopper'));
  await day.stop().catch(note('traffic'));
  faults.push(...shopper.wrongs.slice(0, SHOWN_DIFFERENCES).map(toldWrong));
  if (shopper.wrongCount > SHOWN_DIFFERENCES)
    faults.push(`… ${shopper.wrongCount} things shoppers must not see in all`);
  await mended(servers, world).catch(note('mending'));
  await world.close().catch(note('closing'));
  faults.push(...deaths(world, expected));
  return {
    seed: schedule.seed,
    troubles: schedule.troubles.map(({ trouble, atMs }) => `${(atMs / 1000).toFixed(1)} s ${trouble.name}`),
    verdict: faults.length === 0 ? 'ok' : 'failed',
    faults,
    transactions: day.transactions,
    answers: Object.fromEntries([...shopper.answers].sort(([a], [b]) => a - b)),
    excused: shopper.excusedCount,
    convergedSeconds: Math.round(convergedMs / 100) / 10,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
  };
}

const turns = (): Pick<Stage, 'operator' | 'server'> => ({
  operator: new Turns(),
  server: { kafka: new Turns(), redis: new Turns(), elasticsearch: new Turns(), registry: new Turns() },
});

/** Waits for the first snapshot: every product can be searched, every level be read. */
export async function isFilled(world: World<Site>): Promise<void> {
  await eventually(
    async () => {
      const differences = await world.differences();
      if (differences.length > 0) throw new Error(`${differences.length} differences at the start: ${differences[0]}`);
      const answer = await fetch(`${world.storefrontUrl}/products?limit=1`, { signal: AbortSignal.timeout(4000) });
      if (answer.status !== 200) throw new Error(`the storefront answers ${answer.status}`);
    },
    { timeoutMs: READY_MS, everyMs: 500 },
  );
}

async function troubled(
  { troubles }: Schedule,
  stage: Stage,
  note: (what: string) => (error: unknown) => void,
): Promise<void> {
  await Promise.all(
    troubles.map(async ({ trouble, atMs }) => {
      await delay(atMs);
      await trouble.happen(stage).catch(note(trouble.name));
    }),
  );
  await delay(AFTER_MS);
}

/** Every server serves and every process that should run does. */
async function mended({ kafka, redis, elasticsearch, registry }: Servers, world: World): Promise<void> {
  await Promise.all([kafka.start(), redis.start(), elasticsearch.start(), registry.start()]);
  for (const role of [world.capture, world.storefront, ...world.consumers]) role.start();
}

/** Everything that was changed is read by everybody, and then nothing differs. */
export async function converged(world: World<Site>, day: ShopDay, faults: string[]): Promise<void> {
  const marker = await day.mark();
  await world.inSync(async () => {
    const answer = await fetch(`${world.storefrontUrl}/stock?skus=${skuOf(0)}`, { signal: AbortSignal.timeout(4000) });
    const { items } = (await answer.json()) as { items: { locations: { onHand: number }[] }[] };
    return items[0]?.locations.every(({ onHand }) => onHand === marker) ?? false;
  });
  let differences: readonly string[] = [];
  try {
    await eventually(
      async () => {
        differences = await world.differences();
        if (differences.length > 0) throw new Error('differences');
      },
      { timeoutMs: SETTLE_MS, everyMs: 1000 },
    );
  } catch (error) {
    if (differences.length === 0) throw error;
    faults.push(`${differences.length} differences: ${differences.slice(0, SHOWN_DIFFERENCES).join('; ')}`);
    return;
  }
  const { outcome, found } = await world.verified();
  if (outcome !== 'equal') faults.push(`verify says ${outcome}: ${found.slice(0, SHOWN_DIFFERENCES).join('; ')}`);
}

/** The live comparison while the shop is open: it may find lag at first, but in the end nothing. */
async function equalUnderTraffic(world: World): Promise<string[]> {
  const last = { outcome: '', found: [] as readonly string[] };
  try {
    await eventually(
      async () => {
        Object.assign(last, await world.verified());
        if (last.outcome !== 'equal') throw new Error(last.outcome);
      },
      { timeoutMs: LIVE_MS, everyMs: 500 },
    );
    return [];
  } catch (error) {
    return [
      `verify under traffic says ${last.outcome || short(error)}: ${last.found.slice(0, SHOWN_DIFFERENCES).join('; ')}`,
    ];
  }
}

interface Letter {
  readonly id: string;
  readonly groupId: string;
  readonly code: string;
}

/** Dead letters of other kinds than the troubles explain; those of mended rows must go when they are tried again. */
async function lettersLeft(world: World, { letters }: Expected): Promise<string[]> {
  const list = async (): Promise<Letter[]> => {
    const { stdout } = await world.sluice(['dlq', 'list', '--json', '--limit', '500']);
    return JSON.parse(stdout) as Letter[];
  };
  const found = await list();
  const unexplained = found
    .filter(({ code }) => !letters.has(code))
    .map((letter) => `dead letter ${JSON.stringify(letter).slice(0, 300)}`);
  const current = (letter: Letter): boolean =>
    letter.code === 'PROJECTION_FAILED' && letter.groupId.endsWith(`.v${world.version}`);
  if (!found.some(current)) return unexplained;
  await operate(world, [
    'dlq',
    'redeliver',
    '--code',
    'PROJECTION_FAILED',
    '--group',
    `${world.id}.catalog.product.v${world.version}`,
    '--execute',
  ]);
  const left = (await list()).filter(current);
  return [...unexplained, ...left.map(({ id }) => `the letter ${id} of a mended row is still there`)];
}

function deaths(world: World, { deaths: excused }: Expected): string[] {
  const isExcused = (process: string): boolean => excused.size > 0 && process.startsWith('consumers');
  return world.deaths
    .filter(({ process }) => !isExcused(process))
    .map(({ process, how, said }) => `${process} ${how}: ${said}`);
}

const toldWrong = ({ atMs, what }: Wrong): string => `after ${(atMs / 1000).toFixed(1)} s ${what}`;
const short = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 600);
