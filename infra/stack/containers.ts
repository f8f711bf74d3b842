import { SluiceError } from '#infra/runtime/errors.ts';
import type { Stack, StartStackOptions } from './types.ts';

export async function startContainers(options: StartStackOptions): Promise<Stack> {
  throw new SluiceError('STACK_CONTAINERS_FAILED', `Containers for ${options.parts.join(', ')} are being written.`);
}
