import { describe, expect, it } from 'vitest';
import { Gate } from '#connectors/commands/gateways/gate.ts';
import { hasCode } from '#infra/runtime/errors.ts';

const held = () => Promise.withResolvers<void>();

describe('the gate before the database', () => {
  it('never lets more in than allowed and keeps the order of arrival', async () => {
    const gate = new Gate({ maxConcurrency: 2, maxQueued: 10, queueTimeoutMs: 10_000 });
    const doors = Array.from({ length: 5 }, held);
    const entered: number[] = [];
    let inside = 0;
    let most = 0;
    const all = doors.map((door, i) =>
      gate.run(async () => {
        entered.push(i);
        most = Math.max(most, ++inside);
        await door.promise;
        inside--;
      }),
    );
    expect(gate.load).toEqual({ running: 2, waiting: 3 });
    for (const door of doors) door.resolve();
    await Promise.all(all);
    expect([most, entered, gate.load]).toEqual([2, [0, 1, 2, 3, 4], { running: 0, waiting: 0 }]);
  });

  it('turns away at once what would make the queue too long', async () => {
    const gate = new Gate({ maxConcurrency: 1, maxQueued: 0, queueTimeoutMs: 10_000 });
    const door = held();
    const first = gate.run(() => door.promise);
    await expect(gate.run(async () => undefined)).rejects.toSatisfy((error) => hasCode(error, 'CMD_OVERLOADED'));
    door.resolve();
    await first;
  });

  it('turns away what waited too long, and forgets it', async () => {
    const gate = new Gate({ maxConcurrency: 1, maxQueued: 5, queueTimeoutMs: 5 });
    const door = held();
    const first = gate.run(() => door.promise);
    await expect(gate.run(async () => undefined)).rejects.toSatisfy((error) => hasCode(error, 'CMD_OVERLOADED'));
    expect(gate.load.waiting).toBe(0);
    door.resolve();
    await first;
  });

  it('stops waiting when the caller gives up', async () => {
    const gate = new Gate({ maxConcurrency: 1, maxQueued: 5, queueTimeoutMs: 10_000 });
    const door = held();
    const abort = new AbortController();
    const first = gate.run(() => door.promise);
    const second = gate.run(async () => undefined, abort.signal);
    abort.abort();
    await expect(second).rejects.toThrow();
    door.resolve();
    await first;
    expect(gate.load).toEqual({ running: 0, waiting: 0 });
  });

  it('gives the place back when the work fails', async () => {
    const gate = new Gate({ maxConcurrency: 1, maxQueued: 5, queueTimeoutMs: 10_000 });
    await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(async () => 7)).toBe(7);
  });
});
