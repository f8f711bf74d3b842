import { expect, test } from 'vitest';
import { SnapshotRates } from '#connectors/capture/snapshotRates.ts';

test('the rate of a snapshot is that of the last half minute, and tells the time that is left', () => {
  let now = 0;
  const rates = new SnapshotRates(() => now);
  expect(rates.of('T', 100)).toBeNull();
  rates.begin('T', 1000);
  expect(rates.of('T', 9000)).toEqual({ rows: 1000, totalRows: 9000, rowsPerSecond: 0, etaMs: null });
  now = 1000;
  expect(rates.wrote('T', 500)).toBe(false);
  expect(rates.of('T', 9000)).toEqual({ rows: 1500, totalRows: 9000, rowsPerSecond: 500, etaMs: 15_000 });
  for (now = 2000; now <= 60_000; now += 1000) rates.wrote('T', 100);
  now = 60_000;
  expect(rates.of('T', 9000)).toMatchObject({ rows: 7400, rowsPerSecond: 100, etaMs: 16_000 });
  rates.end('T');
  expect(rates.of('T', 9000)).toBeNull();
});

test('a snapshot tells of its progress every ten seconds', () => {
  let now = 0;
  const rates = new SnapshotRates(() => now);
  rates.begin('T', 0);
  const told: number[] = [];
  for (now = 1000; now <= 25_000; now += 1000) if (rates.wrote('T', 1)) told.push(now);
  expect(told).toEqual([10_000, 20_000]);
});
