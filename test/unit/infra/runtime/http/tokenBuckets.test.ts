import { describe, expect, it } from 'vitest';
import { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';

describe('token buckets', () => {
  it('let a burst through, then the rate', () => {
    const buckets = new TokenBuckets({ perSecond: 2, burst: 3 });
    expect([0, 0, 0, 0].map(() => buckets.take('a', 0))).toEqual([0, 0, 0, 0.5]);
    expect(buckets.take('a', 500)).toBe(0);
    expect(buckets.take('a', 500)).toBe(0.5);
  });

  it('never hold more than the burst', () => {
    const buckets = new TokenBuckets({ perSecond: 100, burst: 1 });
    buckets.take('a', 0);
    expect([buckets.take('a', 1_000_000), buckets.take('a', 1_000_000) > 0]).toEqual([0, true]);
  });

  it('do not pay out when the clock goes backwards', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 });
    buckets.take('a', 10_000);
    expect(buckets.take('a', 0)).toBeGreaterThan(0);
  });

  it('know each caller by itself and forget the longest unused', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1, maxKeys: 2 });
    expect([buckets.take('a', 0), buckets.take('b', 0), buckets.take('c', 0)]).toEqual([0, 0, 0]);
    expect(buckets.size).toBe(2);
    expect(buckets.take('c', 0)).toBeGreaterThan(0);
    expect(buckets.take('a', 0)).toBe(0);
  });
});
