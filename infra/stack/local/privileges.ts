import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { runCommand } from '../command.ts';

/** The user "nobody" of most systems. It needs no entry in any list of users. */
const NOBODY = 65_534;
/** A folder that every user can walk into, for homes that are kept from others. */
const OPEN_FOLDER = '/var/tmp/sluice';

/** Elasticsearch refuses user 0. How it is started instead. */
export type Privileges =
  | { readonly kind: 'plain' }
  /** In a user namespace where root appears as user 1000: files stay root's and nothing needs to be handed over. */
  | { readonly kind: 'namespace'; readonly command: string; readonly args: readonly string[] }
  /** As user nobody, who gets the instance's folder. */
  | { readonly kind: 'nobody'; readonly userId: number };

const UNSHARE = ['--user', '--map-user=1000', '--map-group=1000'];

/** The least invasive way that this machine allows. */
export async function choosePrivileges(userId: number | undefined = process.getuid?.()): Promise<Privileges> {
  if (userId !== 0) return { kind: 'plain' };
  try {
    const { code } = await runCommand('unshare', [...UNSHARE, 'true']);
    if (code === 0) return { kind: 'namespace', command: 'unshare', args: UNSHARE };
  } catch {
    // No unshare here (macOS, busybox without it): go on as nobody.
  }
  return { kind: 'nobody', userId: NOBODY };
}

/** Hands a folder and what is in it to the user that will run the server, and lets that user reach it. */
export function handOver(folder: string, userId: number, paths: readonly string[]): void {
  for (const path of [folder, ...paths]) chownSync(path, userId, userId);
  chmodSync(dirname(folder), 0o711);
}

/** The home itself when everybody can reach it, else a copy of it in a place where everybody can. */
export function reachableHome(home: string): string {
  if (isOpen(home)) return home;
  mkdirSync(OPEN_FOLDER, { recursive: true, mode: 0o755 });
  const found = lstatSync(OPEN_FOLDER);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    const message = `${OPEN_FOLDER} belongs to user ${found.uid}; Elasticsearch's files cannot be put there for the user that runs it.`;
    throw new SluiceError('STACK_SERVER_FAILED', message, {
      hint: 'Set SLUICE_CACHE_DIR to a folder that every user may enter.',
    });
  }
  const copy = join(OPEN_FOLDER, basename(home));
  if (!existsSync(join(copy, '.complete'))) cpSync(home, copy, { recursive: true });
  return copy;
}

/** Whether any user may walk from the root to this folder. */
function isOpen(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if ((lstatSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
