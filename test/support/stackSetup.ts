import type { TestProject } from 'vitest/node';
import { createLogger } from '#infra/runtime/logger.ts';
import { ALL_PARTS, type StackAddresses, startStack } from '#infra/stack/stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the servers of the integration project listen: `inject('stack')`. */
    stack: StackAddresses;
  }
}

/**
 * vitest's global set-up of the integration project: one stack for all files, so a test makes its own topics, indices, keys and databases.
 * SLUICE_TEST_PARTS (for example "kafka,redis") starts only some of it; tests of the others then fail. Returns the tear-down.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (text: string): void => void process.stderr.write(`stack: ${text}\n`);
  const wanted = process.env['SLUICE_TEST_PARTS']?.split(',') ?? ALL_PARTS;
  const parts = ALL_PARTS.filter((part) => wanted.includes(part));
  for (const part of ALL_PARTS) if (!parts.includes(part)) say(`WITHOUT ${part}, as SLUICE_TEST_PARTS says`);
  const stack = await startStack({ parts, log: createLogger('stack', 'warn'), progress: say });
  project.provide('stack', stack.addresses);
  return () => stack.stop();
}
