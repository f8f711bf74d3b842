/** Someone who holds locks and may wait for others: a session. Transactions and application locks belong to one. */
export class Party {
  readonly id: number;
  /** SET DEADLOCK_PRIORITY, -10 to 10: of a cycle the lowest is the victim. */
  deadlockPriority = 0;
  waitsFor: readonly Party[] = [];
  readonly waiters = new Set<() => void>();
  /** Ends the running wait; null when there is none. */
  wake: ((outcome: WaitOutcome) => void) | null = null;
  /** Set by whoever owns the party: how much undoing its transaction would cost. */
  cost: () => number = () => 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Tells all who wait for this party to try again. */
  release(): void {
    const waiting = [...this.waiters];
    this.waiters.clear();
    for (const wake of waiting) wake();
  }
}

export type WaitOutcome = 'released' | 'deadlock' | 'timeout' | 'cancelled';

/**
 * Waits until one of `by` releases something. A cycle of waits is found here, at the moment it closes: the member with the lowest priority,
 * then the least to undo, then the newcomer, gets 'deadlock'.
 */
export function waitFor(
  party: Party,
  by: readonly Party[],
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<WaitOutcome> {
  if (options.signal.aborted) return Promise.resolve('cancelled');
  if (options.timeoutMs === 0) return Promise.resolve('timeout');
  return new Promise((resolve) => {
    const released = (): void => finish('released');
    const cancelled = (): void => finish('cancelled');
    let timer: NodeJS.Timeout | null = null;
    const finish = (outcome: WaitOutcome): void => {
      if (party.wake !== finish) return;
      party.wake = null;
      party.waitsFor = [];
      for (const other of by) other.waiters.delete(released);
      options.signal.removeEventListener('abort', cancelled);
      if (timer) clearTimeout(timer);
      resolve(outcome);
    };
    party.wake = finish;
    party.waitsFor = by;
    for (const other of by) other.waiters.add(released);
    options.signal.addEventListener('abort', cancelled);
    if (options.timeoutMs > 0) timer = setTimeout(() => finish('timeout'), options.timeoutMs);
    for (let cycle = findCycle(party); cycle; cycle = findCycle(party)) chooseVictim(cycle, party).wake?.('deadlock');
  });
}

function findCycle(start: Party): Party[] | null {
  const seen = new Set<Party>();
  const path: Party[] = [];
  const walk = (at: Party): boolean => {
    path.push(at);
    for (const next of at.waitsFor) {
      if (next === start) return true;
      if (!seen.has(next)) {
        seen.add(next);
        if (walk(next)) return true;
      }
    }
    path.pop();
    return false;
  };
  return walk(start) ? path : null;
}

function chooseVictim(cycle: readonly Party[], newcomer: Party): Party {
  let victim = newcomer;
  for (const party of cycle) {
    const byPriority = party.deadlockPriority - victim.deadlockPriority;
    if (byPriority < 0 || (byPriority === 0 && party.cost() < victim.cost())) victim = party;
  }
  return victim;
}
