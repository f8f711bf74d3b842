import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, markScope, ownIdentity } from './processIdentity.mjs';

/** A lock file without a readable owner is believed for this long: its owner may be about to write it. */
const UNREADABLE_GRACE_MS = 5_000;
/** A lock whose owner cannot be looked up from here (another container on the same folder) is believed for this long. */
const FOREIGN_GRACE_MS = 30 * 60_000;

/**
 * Takes the lock file `path`, waiting for the process that has it; a lock left by a dead process is taken over.
 * `onWait` is told the owner's process number once, when it has to wait. Returns the function that gives the lock back.
 */
export async function takeLock(path, { onWait, signal, everyMs = 100 } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    if (create(path)) return () => rmSync(path, { force: true });
    if (isStale(path)) {
      removeStale(path);
      continue;
    }
    if (!told) onWait?.(readOwner(path)?.pid);
    told = true;
    await delay(everyMs, undefined, { signal });
  }
}

/** Runs `work` while holding the lock. */
export async function withLock(path, options, work) {
  const release = await takeLock(path, options);
  try {
    return await work();
  } finally {
    release();
  }
}

function create(path) {
  try {
    writeFileSync(path, JSON.stringify(ownIdentity()), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function isStale(path) {
  const owner = readOwner(path);
  if (!owner) return ageMs(path) > UNREADABLE_GRACE_MS;
  if (markScope(owner.mark) !== markScope(ownIdentity().mark)) return ageMs(path) > FOREIGN_GRACE_MS;
  return !isRunning(owner);
}

/** Of several waiters that see a stale lock one removes it: looking again and removing happen under a second, short-lived file. */
function removeStale(path) {
  const guard = `${path}.takeover`;
  if (!create(guard)) {
    if (ageMs(guard) > UNREADABLE_GRACE_MS) rmSync(guard, { force: true });
    return;
  }
  try {
    if (isStale(path)) renameSync(path, `${path}.stale`);
    rmSync(`${path}.stale`, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  } finally {
    rmSync(guard, { force: true });
  }
}
