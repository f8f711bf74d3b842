import { describe, expect, it } from 'vitest';
import { CopyWaits } from '#consumers/runner/copyWaits.ts';
import { ledgerKey } from '#consumers/runner/ledger.ts';
import { claimKey, endOfCommit, hasPassed } from '#consumers/runner/progress.ts';
import type { RedisCall, RedisCommands } from '#infra/redis/client.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { eventually } from '#test/support/eventually.ts';

const positionOf = (commit: number, op = 2): string => `${commit.toString(16).padStart(20, '0')}${'0'.repeat(28)}${op}`;

/** Redis with one claim; counts round trips. */
function store() {
  const state = { position: '', trips: 0, wishes: 0, broken: false };
  const redis: RedisCommands = {
    key: (...parts) => parts.join(':'),
    send: async (call) => (await redis.sendAll([call]))[0],
    sendAll: async (calls: readonly RedisCall[]) => {
      state.trips++;
      if (state.broken) throw new SluiceError('REDIS_UNREACHABLE', 'away', { retriable: true });
      return calls.map(({ name, args }) => {
        if (name === 'LPUSH') state.wishes++;
        if (name === 'HMGET')
          return args[0] === claimKey(redis, 'stock') ? [state.position, '1', 'life'] : [null, null, null];
        if (name === 'HGETALL')
          return args[0] === ledgerKey(redis, 'g.stock') ? ['id', 'life', 't/0', '5', 'plan', 'x'] : [];
        return 1;
      });
    },
  };
  const waits = new CopyWaits({ redis, groupPrefix: 'g', maxWaiting: 3 });
  return { state, waits };
}

describe('waiting for a copy', () => {
  it('ends when the copy has passed the whole commit of the change', async () => {
    const { state, waits } = store();
    state.position = positionOf(7);
    const waiting = waits.untilPassed('stock', positionOf(7), 60_000);
    await eventually(() => expect(state.trips).toBeGreaterThan(1));
    state.position = endOfCommit(positionOf(7));
    expect(await waiting).toBe(true);
  });

  it('asks once for all that wait, wishes for haste, and asks nothing when nobody waits', async () => {
    const { state, waits } = store();
    const stop = new AbortController();
    const all = [1, 2, 3].map((n) =>
      waits.untilPassed('stock', positionOf(n), 60_000, stop.signal).catch(() => 'left'),
    );
    await expect(waits.untilPassed('stock', positionOf(4), 60_000)).rejects.toMatchObject({ code: 'COPY_WAITS_FULL' });
    await eventually(() => expect(state.wishes).toBeGreaterThan(0));
    stop.abort();
    expect(await Promise.all(all)).toEqual(['left', 'left', 'left']);
    expect(waits.waiting).toBe(0);
    state.trips = 0;
    state.position = endOfCommit(positionOf(9));
    expect(await waits.untilPassed('stock', positionOf(9), 60_000)).toBe(true);
    expect(state.trips).toBe(1);
  });

  it('ends without it when the time is up, at the first look for no time at all', async () => {
    const { waits } = store();
    expect(await waits.untilPassed('stock', positionOf(1), 0)).toBe(false);
    expect(await waits.untilPassed('orders', positionOf(1), 30)).toBe(false);
  });

  it('fails with the store, and goes on with the next', async () => {
    const { state, waits } = store();
    state.broken = true;
    await expect(waits.untilPassed('stock', positionOf(1), 60_000)).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
    });
    state.broken = false;
    state.position = endOfCommit(positionOf(1));
    expect(await waits.untilPassed('stock', positionOf(1), 60_000)).toBe(true);
  });
});

describe('having passed a position', () => {
  it('means the end of its commit, and for a snapshot row the place where it was read', () => {
    const at = (position: string) => ({ position, sourceTimeMs: null });
    expect(hasPassed(null, positionOf(1))).toBe(false);
    expect(hasPassed(at(positionOf(5, 4)), positionOf(5))).toBe(false);
    expect(hasPassed(at(endOfCommit(positionOf(5))), positionOf(5))).toBe(true);
    expect(hasPassed(at(endOfCommit(positionOf(4))), positionOf(5))).toBe(false);
    expect(hasPassed(at(positionOf(5, 2)), positionOf(5, 0))).toBe(true);
  });
});
