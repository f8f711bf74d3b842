import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runChaos } from '#test/reliability/commands/chaosRun.ts';
import { Place } from '#test/reliability/commands/place.ts';
import { seededRandom } from '#test/support/seededRandom.ts';

/** The long form is test/reliability/commandsChaos.ts. */
describe('orders while processes and the database are killed', () => {
  let place: Place;

  beforeAll(async () => {
    place = await Place.open({ processes: 2, brokers: inject('stack').kafka!.brokers });
  });

  afterAll(async () => {
    await place?.close();
  });

  it('take effect exactly once, and what clients were told is what the database has', async () => {
    const report = await runChaos(place, {
      orders: 40,
      clients: 12,
      random: seededRandom(7),
      asyncShare: 0.3,
      apiKills: 2,
      databaseKills: 1,
      awayMs: 500,
      timeoutMs: 90_000,
    });
    expect(report.faults).toEqual([]);
    expect([report.accepted > 20, report.orders >= report.accepted]).toEqual([true, true]);
  });
});
