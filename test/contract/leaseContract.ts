import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type LeaseState, runWithLease } from '#infra/kafka/lease.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';

/** A process that competes for a lease, and what it has seen. */
export interface Competitor {
  readonly states: LeaseState[];
  /** Makes the present work fail with this error. */
  fail(error: Error): void;
  stop(): void;
  readonly ended: Promise<void>;
}

/** Lets somebody compete; the work lasts until it is told to stop. */
export function compete(kafka: KafkaClient, groupId: string, topic = `lease-${groupId}`): Competitor {
  const states: LeaseState[] = [];
  const stop = new AbortController();
  let fail: (error: Error) => void = () => undefined;
  const ended = runWithLease(
    { kafka, groupId, topic, replicationFactor: 1, log: silentLogger, onChange: (state) => void states.push(state) },
    (signal) =>
      new Promise((resolve, reject) => {
        fail = reject;
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    stop.signal,
  );
  ended.catch(() => undefined);
  return { states, fail: (error) => fail(error), stop: () => stop.abort(), ended };
}

const now = (c: Competitor): LeaseState | undefined => c.states.at(-1);

/** What the lease must do; run against the real client and the in-memory one. `open` gives a client of its own each time. */
export function leaseContract(open: () => KafkaClient): void {
  test('the second waits while the first works, and takes over when the first stops', async () => {
    const group = randomUUID();
    const first = compete(open(), group);
    await eventually(() => expect(now(first)).toBe('active'));
    const others = [compete(open(), group), compete(open(), group)];
    // Every newcomer makes the group deal anew; the holder must keep its lease.
    await eventually(() => expect(others.map(now)).toEqual(['standby', 'standby']));
    first.stop();
    await first.ended;
    await eventually(() => expect(others.map(now).sort()).toEqual(['active', 'standby']));
    expect(first.states).toEqual(['standby', 'active']);
    const [next, last] = others.sort((a, b) => (now(a) === 'active' ? -1 : now(b) === 'active' ? 1 : 0));
    next!.stop();
    await next!.ended;
    await eventually(() => expect(now(last!)).toBe('active'));
    last!.stop();
    await last!.ended;
  });

  test('work that fails ends the process, and the next takes over', async () => {
    const group = randomUUID();
    const first = compete(open(), group);
    await eventually(() => expect(now(first)).toBe('active'));
    const second = compete(open(), group);
    first.fail(new SluiceError('CDC_NOT_ENABLED', 'not enabled'));
    await expect(first.ended).rejects.toMatchObject({ code: 'CDC_NOT_ENABLED' });
    await eventually(() => expect(now(second)).toBe('active'));
    second.stop();
    await second.ended;
  });

  test('work that was fenced goes back to the line instead of ending the process', async () => {
    const group = randomUUID();
    const first = compete(open(), group);
    await eventually(() => expect(now(first)).toBe('active'));
    first.fail(new SluiceError('KAFKA_FENCED', 'a newer instance has taken over'));
    await eventually(() => expect(first.states).toEqual(['standby', 'active', 'standby', 'active']));
    first.stop();
    await first.ended;
  });

  test('two leases on one topic do not get in each other’s way', async () => {
    const topic = `lease-${randomUUID()}`;
    const a = compete(open(), randomUUID(), topic);
    const b = compete(open(), randomUUID(), topic);
    await eventually(() => expect([now(a), now(b)]).toEqual(['active', 'active']));
    a.stop();
    b.stop();
    await Promise.all([a.ended, b.ended]);
  });
}
