/** One look at a partition: what the group has committed (null: nothing yet) and how many records lie beyond it. */
export interface LagSample {
  readonly atMs: number;
  readonly committedOffset: bigint | null;
  readonly lag: bigint;
}

/**
 * How a partition is doing, judged without thresholds over a window of samples.
 * OK: some sample had no lag, or the lag shrinks. WARN: it moves, yet falls further behind at every sample. STALL: it has lag and does
 * not move. REWIND: its offset went back. Source: Burrow wiki, "Consumer Lag Evaluation Rules" (STOP needs commit times, which the
 * broker does not tell here).
 */
export type LagState = 'OK' | 'WARN' | 'STALL' | 'REWIND';

/** Judges a window of samples, oldest first; one sample alone is always OK. */
export function evaluateLag(window: readonly LagSample[]): LagState {
  const offsets = window.map((sample) => sample.committedOffset ?? 0n);
  for (let i = 1; i < offsets.length; i++) if (offsets[i]! < offsets[i - 1]!) return 'REWIND';
  if (window.length < 2 || window.some((sample) => sample.lag === 0n)) return 'OK';
  if (offsets.at(-1) === offsets[0]) return 'STALL';
  const grows = window.every((sample, i) => i === 0 || sample.lag > window[i - 1]!.lag);
  return grows ? 'WARN' : 'OK';
}

/** The worst of several states; OK when there are none. */
export function worstLagState(states: Iterable<LagState>): LagState {
  const order: readonly LagState[] = ['OK', 'WARN', 'STALL', 'REWIND'];
  return order[Math.max(0, ...[...states].map((state) => order.indexOf(state)))]!;
}
