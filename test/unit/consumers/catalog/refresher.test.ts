import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Refresher } from '#consumers/catalog/refresher.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

/** Time that goes on only when it is told to. */
class TurnedClock implements Clock {
  #nowMs = 1_000_000;
  readonly #sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const sleeper = { untilMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.#nowMs += 10;
      for (const sleeper of this.#sleepers) {
        if (sleeper.untilMs > this.#nowMs) continue;
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
      await turn();
    }
  }
}

const INTERVAL_MS = 200;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A refresher that has just refreshed; `refreshes` are the times of those that follow, ms after the first. */
async function refreshed() {
  const clock = new TurnedClock();
  const times: number[] = [];
  const elastic = { request: async () => void times.push(clock.now()) };
  const latency = new LatencyWindow();
  const refresher = new Refresher({
    elastic: elastic as never,
    index: () => 'shop-product',
    intervalMs: INTERVAL_MS,
    latency,
    log: silentLogger,
    clock,
  });
  const component = refresher.component();
  await component.start(new AbortController().signal);
  stops.push(async () => component.stop());
  refresher.written([clock.now()]);
  await turn();
  const firstMs = clock.now();
  expect(times).toEqual([firstMs]);
  return { clock, refresher, latency, refreshes: () => times.slice(1).map((time) => time - firstMs) };
}

test('new changes are searchable an interval after those before, and nothing is refreshed for nothing', async () => {
  const { clock, refresher, refreshes, latency } = await refreshed();
  await clock.advance(50);
  refresher.written([clock.now()]);
  await clock.advance(3000);
  expect(refreshes()).toEqual([INTERVAL_MS]);
  expect(latency.summary().count).toBe(2);
});

test('changes that are late already wait a quarter of their age', async () => {
  const { clock, refresher, refreshes } = await refreshed();
  refresher.written([clock.now() - 1600, clock.now() - 9000]);
  await clock.advance(3000);
  // 1600 ms old, and 540 ms older when a quarter of its age has passed.
  expect(refreshes()).toEqual([540]);
});

test('rows of a snapshot wait ten intervals at most, and one new change takes them along', async () => {
  const alone = await refreshed();
  alone.refresher.written([null, null]);
  await alone.clock.advance(5000);
  expect(alone.refreshes()).toEqual([10 * INTERVAL_MS]);
  const along = await refreshed();
  along.refresher.written([null]);
  await along.clock.advance(500);
  along.refresher.written([along.clock.now()]);
  await turn();
  await along.clock.advance(5000);
  expect(along.refreshes()).toEqual([500]);
});
