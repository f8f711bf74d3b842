import { describe, expect, it } from 'vitest';
import { LatencyWindow } from '#infra/runtime/latency.ts';

describe('LatencyWindow', () => {
  it('has no figures before the first sample', () => {
    expect(new LatencyWindow().summary()).toEqual({ count: 0, p50Ms: null, p99Ms: null, maxMs: null });
  });

  it('gives nearest-rank percentiles', () => {
    const window = new LatencyWindow(1000);
    for (let ms = 1; ms <= 100; ms++) window.record(ms);
    expect(window.summary()).toEqual({ count: 100, p50Ms: 50, p99Ms: 99, maxMs: 100 });
  });

  it('keeps only the newest samples, and counts all', () => {
    const window = new LatencyWindow(10);
    for (let ms = 1; ms <= 25; ms++) window.record(ms);
    expect(window.summary()).toEqual({ count: 25, p50Ms: 20, p99Ms: 25, maxMs: 25 });
  });
});
