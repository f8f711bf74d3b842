import { describe, expect, it } from 'vitest';
import { IdFilter } from '#infra/ops/verify/idFilter.ts';

describe('the filter of ids', () => {
  it('knows every id it was given and hardly ever another', () => {
    const filter = new IdFilter(20_000, 1 << 20);
    for (let i = 0; i < 20_000; i++) filter.add(`{"CODE":"P${i}"}`);
    let known = 0;
    for (let i = 0; i < 20_000; i++) if (filter.has(`{"CODE":"P${i}"}`)) known += 1;
    expect(known).toBe(20_000);
    let wrong = 0;
    for (let i = 20_000; i < 220_000; i++) if (filter.has(`{"CODE":"P${i}"}`)) wrong += 1;
    expect(wrong).toBe(0);
    expect(filter.missChance).toBeLessThan(1e-6);
  });

  it('stays within its memory and tells what that costs', () => {
    const filter = new IdFilter(1_000_000, 1024);
    for (let i = 0; i < 2000; i++) filter.add(String(i));
    let wrong = 0;
    for (let i = 2000; i < 12_000; i++) if (filter.has(String(i))) wrong += 1;
    expect(filter.missChance).toBeGreaterThan(0.5);
    expect(Math.abs(wrong / 10_000 - filter.missChance)).toBeLessThan(0.05);
  });

  it('overlooks other ids each time it is made', () => {
    const overlooked = (): string => {
      const filter = new IdFilter(10, 128);
      for (let i = 0; i < 100; i++) filter.add(String(i));
      return Array.from({ length: 200 }, (_, i) => (filter.has(`x${i}`) ? '1' : '0')).join('');
    };
    expect(overlooked()).not.toBe(overlooked());
  });
});
