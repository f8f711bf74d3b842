import { setTimeout as delay } from 'node:timers/promises';
import type { Shopper } from './shopper.ts';
import type { ShopDay } from './traffic.ts';
import type { World } from './world.ts';

/** What a trouble works on. */
export interface Stage {
  readonly world: World;
  readonly day: ShopDay;
  readonly shopper: Shopper;
  /** Uniform in [0, 1); the schedule's own. */
  readonly random: () => number;
  /** What an operator does is done one thing at a time. */
  readonly operator: Turns;
  /** Servers are taken away one trouble at a time each. */
  readonly server: Readonly<Record<'kafka' | 'redis' | 'elasticsearch' | 'registry', Turns>>;
  /** What the troubles leave for the end. */
  readonly expected: Expected;
}

/** What the end of a schedule may and must show because of its troubles. */
export interface Expected {
  /** Error codes that dead letters may have. */
  readonly letters: Set<string>;
  /** Causes for which consumers may end by themselves. */
  readonly deaths: Set<string>;
  /** Done after the last trouble and before the comparison, as an operator would. */
  readonly repairs: (() => Promise<void>)[];
}

/** One kind of trouble. */
export interface Trouble {
  readonly name: string;
  /** How often it is drawn, relative to the others. */
  readonly weight: number;
  /** Takes long: at most one of these in a schedule. */
  readonly heavy?: boolean;
  readonly happen: (stage: Stage) => Promise<void>;
}

/** Runs one thing after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** A number between two bounds, in ms, waited for. */
export async function between(random: () => number, fromMs: number, toMs: number): Promise<void> {
  await delay(fromMs + random() * (toMs - fromMs));
}

/** A command is tried again for so long: what it wants may still be on its way, for example an index that is being filled. */
const OPERATE_MS = 90_000;

/** Runs a `sluice` command that must work; tries again while servers are away. */
export async function operate(world: World, args: readonly string[], version?: number): Promise<string> {
  let said = '';
  const deadlineMs = performance.now() + OPERATE_MS;
  while (performance.now() < deadlineMs) {
    const { code, stdout, stderr } = await world.sluice(args, version);
    if (code === 0) return stdout;
    said = stderr.slice(-400);
    await delay(2000);
  }
  throw new Error(`sluice ${args.join(' ')}: ${said}`);
}
