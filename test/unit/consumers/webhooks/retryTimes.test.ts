import { describe, expect, it } from 'vitest';
import { Circuit } from '#consumers/webhooks/circuit.ts';
import { retryPauseMs } from '#consumers/webhooks/retryTimes.ts';
import { secretEnv } from '#infra/runtime/config/reference.ts';
import { webhooksSchema } from '#infra/runtime/config/webhooks.ts';

const TIMES = { firstRetrySeconds: 5, maxRetrySeconds: 3600 };

describe('the pause before the next attempt', () => {
  it('doubles up to the longest, with half of it left to chance', () => {
    const pauses = (random: number) => [1, 2, 3, 10, 11, 500].map((n) => retryPauseMs(TIMES, n, null, () => random));
    expect(pauses(0)).toEqual([2500, 5000, 10_000, 1_280_000, 1_800_000, 1_800_000]);
    expect(pauses(1)).toEqual([5000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000]);
  });

  it('is at least what the receiver asks for, but never longer than the longest', () => {
    expect(retryPauseMs(TIMES, 1, 60_000, () => 0)).toBe(60_000);
    expect(retryPauseMs(TIMES, 1, 99_999_999, () => 0)).toBe(3_600_000);
    expect(retryPauseMs(TIMES, 3, 0, () => 0)).toBe(10_000);
  });
});

describe('an endpoint that is away', () => {
  it('is looked at now and then until it answers', () => {
    const circuit = new Circuit(3_600_000);
    for (let i = 0; i < 4; i++) circuit.failed(0);
    expect(circuit.isOpen).toBe(false);
    circuit.failed(0);
    expect([circuit.isOpen, circuit.takeProbe(999), circuit.takeProbe(1000), circuit.takeProbe(1000)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    for (let i = 0; i < 20; i++) circuit.failed(10_000);
    expect([circuit.takeProbe(69_999), circuit.takeProbe(70_000)]).toEqual([false, true]);
    expect([circuit.succeeded(), circuit.isOpen, circuit.succeeded()]).toEqual([true, false, false]);
  });
});

describe('the configuration of webhooks', () => {
  const endpoint = { name: 'shop', url: 'https://shop.example/hooks', secrets: [secretEnv('X')] };
  const faults = (...endpoints: object[]) =>
    webhooksSchema.safeParse({ endpoints }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('wants https, names of their own, secrets from elsewhere and no credentials in addresses', () => {
    expect(faults(endpoint)).toBeUndefined();
    expect(faults({ ...endpoint, url: 'http://shop.example/' })).toEqual([
      'endpoints.0.url: expected https (or allowHttp: true)',
    ]);
    expect(faults({ ...endpoint, url: 'https://me:secret@shop.example/' })?.[0]).not.toContain('secret');
    expect(faults({ ...endpoint, url: 'https://me:secret@shop.example/' })).toHaveLength(1);
    expect(faults(endpoint, endpoint)?.[0]).toContain('twice');
    expect(faults({ ...endpoint, secrets: ['whsec_AAAA'] })).toHaveLength(1);
    expect(faults({ ...endpoint, events: ['order.shipped'] })).toHaveLength(1);
  });
});
