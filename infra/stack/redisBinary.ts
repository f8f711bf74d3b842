import { onPath, runCommand } from './command.ts';

/** The first release with every command that Sluice uses. */
const MIN_REDIS = [6, 2] as const;

/** A redis-server or valkey-server on PATH that is new enough; undefined when there is none. */
export async function findRedisOnPath(): Promise<string | undefined> {
  for (const name of ['redis-server', 'valkey-server']) {
    const path = onPath(name);
    if (path && isNewEnough(await versionText(path))) return path;
  }
  return undefined;
}

/** Whether the program starts at all: a packaged one may miss a shared library. */
export async function runsHere(path: string): Promise<boolean> {
  return isNewEnough(await versionText(path));
}

/** `text` is what `--version` prints, for example "Redis server v=6.2.11 sha=…"; valkey says "Valkey server v=…". */
export function isNewEnough(text: string): boolean {
  const found = /\bv=(\d+)\.(\d+)/.exec(text);
  if (!found) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major > MIN_REDIS[0] || (major === MIN_REDIS[0] && minor >= MIN_REDIS[1]);
}

async function versionText(path: string): Promise<string> {
  try {
    return (await runCommand(path, ['--version'])).output;
  } catch {
    return '';
  }
}
