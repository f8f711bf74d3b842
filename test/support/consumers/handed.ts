import type { Decoded, HandlerControl } from '#consumers/runner/runner.ts';

/** What handlers are given in the worlds of the tests: nothing is put aside. */
export const CONTROL: HandlerControl = {
  signal: new AbortController().signal,
  heartbeat: async () => undefined,
  isStale: () => false,
  confirm: async () => undefined,
  reject: (_message, error) => {
    throw error;
  },
};

/** Records of one log, from an offset on. */
export function decoded<T>(records: readonly T[], from: number): Decoded<T>[] {
  const message = { topic: '', partition: 0, timestampMs: 0, key: null, value: null, headers: {} };
  return records.map((value, place) => ({ value, message: { ...message, offset: BigInt(from + place) } }));
}

/** Root key of a stored document. */
export const keyOf = (source: Record<string, unknown>): string => (source['sluice'] as { key: string }).key;
