import { SluiceError } from '#infra/runtime/errors.ts';
import type { Stack, StartStackOptions } from './types.ts';

/** Starts the given parts, each ready for work when this resolves. */
export async function startStack(options: StartStackOptions): Promise<Stack> {
  throw new SluiceError('INTERNAL', `The stack for ${options.parts.join(', ')} is being written.`);
}
