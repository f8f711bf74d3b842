import { createHash, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../pipeline/caller.ts';
import { type ApiKeyEntry, matchesHash, splitKey } from './keys.ts';

/** Hashes computed at once for all keys together: guessing must not take the threads that DNS and files need. */
const MAX_HASHING = 2;

/** Checks presented keys against the list, which may be replaced while it is used. Memory: one entry a listed key. */
export class KeyRing {
  #entries: ReadonlyMap<string, ApiKeyEntry>;
  /** Prefix → SHA-256 of the secret that was verified, and against which hash. */
  readonly #verified = new Map<string, { readonly hash: string; readonly digest: Buffer }>();
  /** Prefix → the hashing under way; a second request with the same prefix waits for it instead of hashing beside it. */
  readonly #hashing = new Map<string, Promise<unknown>>();
  readonly #now: () => number;

  constructor(entries: readonly ApiKeyEntry[], now: () => number = Date.now) {
    this.#entries = byPrefix(entries);
    this.#now = now;
  }

  /** Takes another list: what is not in it any more, or revoked there, is refused from now on. */
  replace(entries: readonly ApiKeyEntry[]): void {
    this.#entries = byPrefix(entries);
    for (const [prefix, known] of this.#verified) {
      if (this.#entries.get(prefix)?.hash !== known.hash) this.#verified.delete(prefix);
    }
  }

  /** Keys listed now. */
  get size(): number {
    return this.#entries.size;
  }

  /** The caller, or null for anything but a listed, unexpired, unrevoked key. */
  async verify(key: string): Promise<Caller | null> {
    const parts = splitKey(key);
    const entry = parts === null ? undefined : this.#entries.get(parts.prefix);
    if (parts === null || entry === undefined || !this.#isAlive(entry)) return null;
    if (!(await this.#matches(entry, parts.secret))) return null;
    return { id: entry.id, scopes: entry.scopes, credential: { kind: 'key', name: entry.prefix } };
  }

  #isAlive(entry: ApiKeyEntry): boolean {
    const nowMs = this.#now();
    const isPast = (time: string | undefined): boolean => time !== undefined && Date.parse(time) <= nowMs;
    return !isPast(entry.expiresAt) && !isPast(entry.revokedAt);
  }

  async #matches(entry: ApiKeyEntry, secret: string): Promise<boolean> {
    const digest = createHash('sha256').update(secret).digest();
    const isKnown = (): boolean => {
      const known = this.#verified.get(entry.prefix);
      return known !== undefined && known.hash === entry.hash && timingSafeEqual(known.digest, digest);
    };
    if (isKnown()) return true;
    // One hash at a time for each listed key: somebody who knows a prefix cannot make us hash more than one core can.
    while (this.#hashing.has(entry.prefix) || this.#hashing.size >= MAX_HASHING) {
      await (this.#hashing.get(entry.prefix) ?? Promise.race(this.#hashing.values()));
      if (isKnown()) return true;
    }
    const work = matchesHash(secret, entry.hash);
    this.#hashing.set(entry.prefix, work);
    try {
      const matches = await work;
      // The list may have been replaced meanwhile: what it does not hold any more is not remembered.
      if (matches && this.#entries.get(entry.prefix)?.hash === entry.hash)
        this.#verified.set(entry.prefix, { hash: entry.hash, digest });
      return matches;
    } finally {
      this.#hashing.delete(entry.prefix);
    }
  }
}

function byPrefix(entries: readonly ApiKeyEntry[]): ReadonlyMap<string, ApiKeyEntry> {
  return new Map(entries.map((entry) => [entry.prefix, entry]));
}
