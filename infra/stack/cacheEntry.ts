import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cacheFolder.ts';
import { withLock } from './lock.mjs';

/** How a long step talks to its caller. */
export interface Waiting {
  /** Told one short line per step, for a person who waits. */
  readonly progress?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A folder of the cache is complete when this file is in it: it is written last. */
const COMPLETE = '.complete';

/**
 * Makes the folder `name` of the cache once: `fill` writes into a staging folder, which then takes its place in one step. Returns its path.
 */
export async function ensureFolder(
  name: string,
  options: Waiting,
  fill: (staging: string) => Promise<void>,
): Promise<string> {
  const cache = cacheFolder();
  const final = join(cache, name);
  if (existsSync(join(final, COMPLETE))) return final;
  const onWait = (pid: number | undefined): void =>
    options.progress?.(`waiting for process ${pid ?? '?'}, which is setting up the local stack …`);
  return withLock(
    join(cache, 'install.lock'),
    { onWait, ...(options.signal && { signal: options.signal }) },
    async () => {
      if (existsSync(join(final, COMPLETE))) return final;
      removeLeftovers(cache);
      const staging = join(cache, `staging-${process.pid}`);
      mkdirSync(staging, { recursive: true });
      try {
        await fill(staging);
        writeFileSync(join(staging, COMPLETE), '');
        rmSync(final, { recursive: true, force: true });
        renameSync(staging, final);
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
      return final;
    },
  );
}

/** Only the holder of the lock has a staging folder, so any that is there was left by a process that was killed. */
function removeLeftovers(cache: string): void {
  for (const name of readdirSync(cache)) {
    if (name.startsWith('staging-')) rmSync(join(cache, name), { recursive: true, force: true });
  }
}
