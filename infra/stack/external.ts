import { addressesFromEnv, envOf } from './env.ts';
import type { Stack, StartStackOptions } from './types.ts';

/** Servers that somebody else runs: nothing is started and nothing is stopped. */
export function externalStack(options: StartStackOptions): Stack {
  const addresses = addressesFromEnv(options.parts);
  return {
    provider: 'external',
    addresses,
    processes: [],
    env: () => envOf(addresses),
    stop: async () => undefined,
  };
}
