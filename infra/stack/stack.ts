import { externalStack } from './external.ts';
import { startLocalStack } from './local/localStack.ts';
import { chooseProvider } from './provider.ts';
import type { Stack, StartStackOptions } from './types.ts';

export type {
  Part,
  Provider,
  Stack,
  StackAddresses,
  StackProcess,
  StartStackOptions,
} from './types.ts';
export { ALL_PARTS } from './types.ts';

/**
 * Starts the given parts, each ready for work when this resolves. Who runs them is decided by SLUICE_STACK (see `chooseProvider`); callers
 * do not need to know. The caller stops the stack; should the caller be killed, its servers end by themselves.
 * Throws a SluiceError with a STACK_ code; nothing is left running then.
 */
export async function startStack(options: StartStackOptions): Promise<Stack> {
  const provider = options.provider ?? (await chooseProvider());
  if (provider === 'external') return externalStack(options);
  if (provider === 'local') return startLocalStack(options);
  // Loaded only here: the container library is a development dependency and slow to load.
  const { startContainers } = await import('./containers.ts');
  return startContainers(options);
}
