import { seededRandom } from '#test/support/seededRandom.ts';
import { OLDER_TROUBLES } from './olderTroubles.ts';
import { OPERATOR_TROUBLES } from './operatorTroubles.ts';
import { PROCESS_TROUBLES } from './processTroubles.ts';
import { SERVER_TROUBLES } from './serverTroubles.ts';
import type { Trouble } from './trouble.ts';

/** One trouble and when it begins, ms after the traffic. */
export interface Planned {
  readonly trouble: Trouble;
  readonly atMs: number;
}

/** What a seed decides. */
export interface Schedule {
  readonly seed: number;
  readonly consumers: number;
  readonly troubles: readonly Planned[];
  /** Numbers in [0, 1) for the traffic, the shopper and the troubles themselves. */
  readonly random: { readonly traffic: () => number; readonly shopper: () => number; readonly trouble: () => number };
}

export const TROUBLES: readonly Trouble[] = [
  ...PROCESS_TROUBLES,
  ...SERVER_TROUBLES,
  ...OLDER_TROUBLES,
  ...OPERATOR_TROUBLES,
];

/** In how long a time troubles begin, and how many there are. */
const SPAN_MS = 14_000;
const LEAST = 3;
const MOST = 6;

/** Draws a schedule; the same seed gives the same one. `only` limits the troubles to those whose names contain one of these. */
export function drawSchedule(seed: number, only: readonly string[] = []): Schedule {
  const random = seededRandom(seed * 7919 + 17);
  const choices = TROUBLES.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
  const count = LEAST + Math.floor(random() * (MOST - LEAST + 1));
  const troubles: Planned[] = [];
  for (let i = 0; i < count; i++) {
    const light = troubles.some(({ trouble }) => trouble.heavy) ? choices.filter(({ heavy }) => !heavy) : choices;
    if (light.length === 0) break;
    troubles.push({ trouble: weighted(light, random()), atMs: Math.round(500 + random() * SPAN_MS) });
  }
  return {
    seed,
    consumers: 1 + Math.floor(random() * 3),
    troubles: troubles.sort((a, b) => a.atMs - b.atMs),
    random: {
      traffic: seededRandom(seed * 3 + 1),
      shopper: seededRandom(seed * 5 + 2),
      trouble: seededRandom(seed * 11 + 3),
    },
  };
}

function weighted(choices: readonly Trouble[], at: number): Trouble {
  let left = at * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const choice of choices) {
    left -= choice.weight;
    if (left < 0) return choice;
  }
  return choices.at(-1)!;
}
