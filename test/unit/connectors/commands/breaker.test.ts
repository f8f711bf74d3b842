import { beforeEach, describe, expect, it } from 'vitest';
import { CircuitBreaker } from '#connectors/commands/gateways/breaker.ts';
import { saysAway } from '#connectors/commands/gateways/commandErrors.ts';
import { RetryBudget } from '#connectors/commands/gateways/retryBudget.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const away = () => Promise.reject(new SluiceError('CMD_DATABASE_AWAY', 'away'));
const fine = () => Promise.resolve('fine');

let nowMs: number;
let states: string[];
let breaker: CircuitBreaker;
const run = (work: () => Promise<string>): Promise<string> =>
  breaker.run(work, saysAway).catch((error: SluiceError) => error.code);

beforeEach(() => {
  nowMs = 0;
  states = [];
  breaker = new CircuitBreaker({
    failures: 3,
    openMs: 1000,
    maxOpenMs: 3000,
    clock: { now: () => nowMs },
    onChange: (state) => states.push(state),
  });
});

const open = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await run(away);
};

describe('the circuit breaker', () => {
  it('opens after so many failures in a row, and then calls nothing', async () => {
    await run(away);
    await run(away);
    await run(fine);
    await run(away);
    await run(away);
    expect(breaker.state).toBe('closed');
    await run(away);
    expect(breaker.state).toBe('open');
    let called = false;
    const error = await breaker
      .run(async () => {
        called = true;
      }, saysAway)
      .catch((e: SluiceError) => e);
    expect([called, (error as SluiceError).code, (error as SluiceError).context['retryAfterMs']]).toEqual([
      false,
      'CMD_DATABASE_AWAY',
      1000,
    ]);
  });

  it('lets one call find out, and closes when it gets through', async () => {
    await open();
    nowMs = 1000;
    const probe = Promise.withResolvers<string>();
    const first = run(() => probe.promise);
    expect([breaker.state, await run(fine)]).toEqual(['half-open', 'CMD_DATABASE_AWAY']);
    probe.resolve('back');
    expect([await first, breaker.state]).toEqual(['back', 'closed']);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('waits twice as long after each call that finds nobody, up to its limit', async () => {
    await open();
    for (const waitMs of [1000, 2000, 3000, 3000]) {
      nowMs += waitMs - 1;
      expect(await run(fine)).toBe('CMD_DATABASE_AWAY');
      nowMs += 1;
      await run(away);
      expect(breaker.state).toBe('open');
    }
  });

  it('takes a refusal for a sign of life, and overload for none', async () => {
    await open();
    nowMs = 1000;
    await run(() => Promise.reject(new SluiceError('CMD_OVERLOADED', 'full')));
    expect(breaker.state).toBe('open');
    await run(() => Promise.reject(new SluiceError('CMD_REFUSED', 'no')));
    expect(breaker.state).toBe('closed');
  });
});

describe('the budget of repetitions', () => {
  it('allows a burst and then one in five', () => {
    const budget = new RetryBudget();
    let burst = 0;
    while (budget.spend()) burst++;
    expect(burst).toBe(50);
    let repeated = 0;
    for (let i = 0; i < 100; i++) {
      budget.earn();
      if (budget.spend()) repeated++;
    }
    expect(repeated).toBeGreaterThanOrEqual(19);
    expect(repeated).toBeLessThanOrEqual(20);
  });
});
