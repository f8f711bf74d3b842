import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createLogger } from '#infra/runtime/logger.ts';
import { ALL_PARTS, type Part, type StackAddresses, startStack } from '#infra/stack/stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the servers of the integration project listen: `inject('stack')`. */
    stack: StackAddresses;
  }
}

const STANDIN = join(import.meta.dirname, '../../infra/standin/main.ts');

/**
 * vitest's global set-up of the integration project: one stack for all files, so a test makes its own topics, indices, keys and databases.
 * Returns the tear-down.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (text: string): void => void process.stderr.write(`stack: ${text}\n`);
  const parts: Part[] = ALL_PARTS.filter((part) => part !== 'sqlserver' || existsSync(STANDIN));
  for (const part of ALL_PARTS) if (!parts.includes(part)) say(`WITHOUT ${part}: ${STANDIN} does not exist`);
  const stack = await startStack({ parts, log: createLogger('stack', 'warn'), progress: say });
  project.provide('stack', stack.addresses);
  return () => stack.stop();
}
