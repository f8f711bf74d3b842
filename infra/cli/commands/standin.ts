import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../standin/main.ts', import.meta.url));

/** Runs the stand-in as the program of its own that it is; signals reach it, its exit code is ours. */
export async function standin(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.on('SIGTERM', forward).on('SIGINT', forward);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGTERM', forward).off('SIGINT', forward);
  return code ?? 1;
}
