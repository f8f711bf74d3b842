import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runFolder } from './cacheFolder.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './processIdentity.mjs';
import type { Provider, Stack, StackAddresses, StackProcess } from './types.ts';

/** What `sluice stack up` notes about the stack it keeps, for `down`, `status` and a second `up`. */
export interface StandingStack {
  readonly owner: ProcessIdentity;
  readonly provider: Provider;
  readonly startedAt: string;
  readonly dir?: string;
  readonly addresses: StackAddresses;
  readonly env: Readonly<Record<string, string>>;
  readonly processes: readonly StackProcess[];
}

function notePath(): string {
  return join(runFolder(), 'standing-stack');
}

/** The stack that is up, if there is one. */
export function readStanding(): StandingStack | undefined {
  try {
    const note = JSON.parse(readFileSync(notePath(), 'utf8')) as StandingStack;
    return isRunning(note.owner) ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Notes that this process keeps `stack`. */
export function writeStanding(stack: Stack): StandingStack {
  const note: StandingStack = {
    owner: ownIdentity(),
    provider: stack.provider,
    startedAt: new Date().toISOString(),
    ...(stack.dir && { dir: stack.dir }),
    addresses: stack.addresses,
    env: stack.env(),
    processes: stack.processes,
  };
  const path = notePath();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(note, undefined, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return note;
}

export function removeStanding(): void {
  rmSync(notePath(), { force: true });
}
