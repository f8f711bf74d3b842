import { describe, expect, it } from 'vitest';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';

const transient = new SluiceError('INTERNAL', 'try again', { retriable: true });

/** A clock whose sleeps end at once and are written down. */
function recordingClock(): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    clock: {
      now: () => 0,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        pauses.push(ms);
      },
    },
  };
}

describe('retry', () => {
  it('returns the first success and stops trying', async () => {
    const { clock, pauses } = recordingClock();
    let calls = 0;
    const value = await retry(
      async () => {
        if (++calls < 3) throw transient;
        return 'done';
      },
      { clock, random: () => 0.5 },
    );
    expect([value, calls, pauses]).toEqual(['done', 3, [50, 100]]);
  });

  it('doubles the upper bound of the pause up to maxMs', async () => {
    const { clock, pauses } = recordingClock();
    const failing = retry(() => Promise.reject(transient), {
      clock,
      random: () => 0.999,
      attempts: 6,
      baseMs: 100,
      maxMs: 400,
    });
    await expect(failing).rejects.toBe(transient);
    expect(pauses).toEqual([99, 199, 399, 399, 399]);
  });

  it('throws an error that is not retriable at once', async () => {
    const { clock, pauses } = recordingClock();
    const fatal = new SluiceError('INTERNAL', 'no');
    await expect(retry(() => Promise.reject(fatal), { clock })).rejects.toBe(fatal);
    expect(pauses).toEqual([]);
  });

  it('stops when the signal fires', async () => {
    const abort = new AbortController();
    const { clock } = recordingClock();
    const work = retry(
      () => {
        abort.abort();
        return Promise.reject(transient);
      },
      { clock, signal: abort.signal, attempts: Number.POSITIVE_INFINITY },
    );
    await expect(work).rejects.toBe(transient);
  });
});
