import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type ApiKeyEntry, createKey, parseKeyList } from './keys.ts';

/** The list of API keys as a file. It holds hashes only, but says who may call: readable by its owner alone. */

const OWNER_ONLY = 0o600;

/** The entries of the file; none when there is no such file yet. @throws CMD_KEYS_INVALID. */
export async function readKeyFile(path: string): Promise<readonly ApiKeyEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  return parseKeyList(text);
}

/** Writes the list in one step: whoever reads meanwhile sees the old list or the new one, never a part. Keeps the file's mode. */
export async function writeKeyFile(path: string, entries: readonly ApiKeyEntry[]): Promise<void> {
  const text = `${JSON.stringify(entries, null, 2)}\n`;
  parseKeyList(text);
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => OWNER_ONLY,
  );
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** What a key is good for at a moment. */
export type KeyState = 'active' | 'expiring' | 'expired' | 'revoked';

export function keyState(entry: ApiKeyEntry, nowMs: number): KeyState {
  if (entry.revokedAt !== undefined && Date.parse(entry.revokedAt) <= nowMs) return 'revoked';
  if (entry.expiresAt === undefined) return 'active';
  return Date.parse(entry.expiresAt) <= nowMs ? 'expired' : 'expiring';
}

/**
 * A new key for the caller of `prefix`, with the same scopes; the old one works on for `overlapMs`, so that the caller can change over.
 * @throws CMD_KEY_UNKNOWN when there is no such key, or when it works no more.
 */
export async function rotatedKeys(
  entries: readonly ApiKeyEntry[],
  prefix: string,
  options: { readonly overlapMs: number; readonly nowMs: number; readonly expiresAt?: string },
): Promise<{ readonly entries: readonly ApiKeyEntry[]; readonly key: string; readonly entry: ApiKeyEntry }> {
  const old = liveEntry(entries, prefix, options.nowMs);
  const overlapEnd = options.nowMs + options.overlapMs;
  const ends = Math.min(overlapEnd, old.expiresAt === undefined ? overlapEnd : Date.parse(old.expiresAt));
  const { key, entry } = await createKey({
    id: old.id,
    scopes: old.scopes,
    createdAt: new Date(options.nowMs).toISOString(),
    ...(options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt }),
  });
  const retired = { ...old, expiresAt: new Date(ends).toISOString() };
  return { key, entry, entries: [...entries.map((other) => (other.prefix === prefix ? retired : other)), entry] };
}

/** The list with one key refused from now on. @throws CMD_KEY_UNKNOWN as above. */
export function revokedKeys(entries: readonly ApiKeyEntry[], prefix: string, nowMs: number): readonly ApiKeyEntry[] {
  const old = liveEntry(entries, prefix, nowMs);
  const revoked = { ...old, revokedAt: new Date(nowMs).toISOString() };
  return entries.map((other) => (other.prefix === prefix ? revoked : other));
}

function liveEntry(entries: readonly ApiKeyEntry[], prefix: string, nowMs: number): ApiKeyEntry {
  const found = entries.find((entry) => entry.prefix === prefix);
  const state = found === undefined ? 'not there' : keyState(found, nowMs);
  if (found !== undefined && (state === 'active' || state === 'expiring')) return found;
  throw new SluiceError('CMD_KEY_UNKNOWN', `Expected a working key with the prefix ${prefix}, found it ${state}.`);
}
