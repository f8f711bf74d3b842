import { homedir } from 'node:os';
import { join } from 'node:path';

export interface FolderContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** What this process sees. */
export function hostContext(): FolderContext {
  return { env: process.env, platform: process.platform, home: homedir() };
}

/**
 * The folder for everything that may be deleted and made anew: servers, compiled plugin, notes on running stacks. SLUICE_CACHE_DIR wins;
 * else the platform's own place (XDG Base Directory Specification, or ~/Library/Caches on macOS).
 */
export function cacheFolder({ env, platform, home }: FolderContext = hostContext()): string {
  if (env['SLUICE_CACHE_DIR']) return env['SLUICE_CACHE_DIR'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'sluice');
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'sluice') : join(home, '.cache', 'sluice');
}

/** Where running stacks leave the notes by which a later start finds and ends what a killed one left behind. */
export function runFolder(context?: FolderContext): string {
  return join(cacheFolder(context), 'run');
}
