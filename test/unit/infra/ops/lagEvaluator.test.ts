import { describe, expect, it } from 'vitest';
import { evaluateLag, worstLagState } from '#infra/ops/lagEvaluator.ts';

/** Samples one second apart from [committedOffset, lag] pairs. */
const window = (...pairs: readonly [number | null, number][]) =>
  pairs.map(([offset, lag], i) => ({
    atMs: i * 1000,
    committedOffset: offset === null ? null : BigInt(offset),
    lag: BigInt(lag),
  }));

describe('evaluateLag', () => {
  it.each([
    ['one look alone', window([5, 100]), 'OK'],
    ['a lag that was gone once', window([5, 10], [15, 0], [15, 3]), 'OK'],
    ['a lag that shrinks', window([5, 100], [50, 60], [90, 30]), 'OK'],
    ['moving, yet further behind each time', window([5, 10], [6, 20], [7, 30]), 'WARN'],
    ['not moving with lag', window([5, 10], [5, 10], [5, 12]), 'STALL'],
    ['never committed, with lag', window([null, 10], [null, 11]), 'STALL'],
    ['an offset that went back', window([50, 10], [20, 40]), 'REWIND'],
  ])('%s is %s', (_what, samples, expected) => {
    expect(evaluateLag(samples)).toBe(expected);
  });
});

describe('worstLagState', () => {
  it('is the worst of all, and OK of none', () => {
    expect([worstLagState(['OK', 'STALL', 'WARN']), worstLagState([])]).toEqual(['STALL', 'OK']);
  });
});
