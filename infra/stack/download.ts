import { describeError } from '#infra/runtime/errors.ts';
import { ensureInstalled } from './install.ts';
import { chooseProvider } from './provider.ts';
import { ALL_PARTS } from './types.ts';

/**
 * Program: fetches the local servers when they are what the stack would use, and says on standard error what it does. Run by set-up, so
 * that the wait happens where a person expects it. Exit code 1 with one clear sentence when something is missing.
 */
async function main(): Promise<number> {
  const progress = (text: string): void => void process.stderr.write(`stack: ${text}\n`);
  try {
    if ((await chooseProvider()) === 'local') await ensureInstalled({ parts: ALL_PARTS, progress });
    return 0;
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main();
