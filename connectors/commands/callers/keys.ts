import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { SluiceError } from '#infra/runtime/errors.ts';
import { SCOPES, type Scope } from '../model/defineCommand.ts';

/**
 * API keys: `slk_<prefix>_<secret>`. The prefix (public, 12 characters) finds the entry and may be shown and logged; the secret has 256
 * random bits. Kept is only scrypt(secret). With that many bits a fast hash would do against guessing; the slow one costs next to nothing
 * here, because a key that was verified once is remembered by its SHA-256 for the life of the process, and it keeps a short key that
 * somebody makes by hand from being guessed out of a stolen list.
 */
export interface ApiKeyEntry {
  /** Names the caller in audit records and idempotency rows; one caller may have several keys while one is rotated. */
  readonly id: string;
  readonly prefix: string;
  /** `scrypt$<N>$<r>$<p>$<salt>$<hash>`, both base64url. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** After this moment (ISO 8601) the key is dead. */
  readonly expiresAt?: string | undefined;
  /** When it was made (ISO 8601). */
  readonly createdAt?: string | undefined;
  /** Since when it is refused, for good; the entry stays in the list so that its prefix can still be named in old audit records. */
  readonly revokedAt?: string | undefined;
}

/** Cost of one hash: 16 MiB and about 40 ms of one core. Source: RFC 7914 §2; OWASP Password Storage Cheat Sheet. */
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 };
const HASH_BYTES = 32;
const PREFIX_LENGTH = 12;
/** 32 letters, so that a random byte picks each equally often. */
const PREFIX_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const KEY = /^slk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const HASH = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/;

const timeSchema = z.iso.datetime({ error: 'expected a UTC time such as 2030-01-31T00:00:00Z' });
const entrySchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'expected 1 to 64 letters, digits or . _ -' }),
  prefix: z.string().regex(/^[a-z0-9]{12}$/),
  hash: z.string().regex(HASH),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: timeSchema.optional(),
  createdAt: timeSchema.optional(),
  revokedAt: timeSchema.optional(),
});

/**
 * Makes a key. The text of `key` is shown once and never kept; `entry` goes into the list.
 * @throws CMD_KEYS_INVALID naming what a list would refuse.
 */
export async function createKey(options: {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: string;
  readonly createdAt?: string;
}): Promise<{ readonly key: string; readonly entry: ApiKeyEntry }> {
  const prefix = Array.from(randomBytes(PREFIX_LENGTH), (byte) => PREFIX_ALPHABET[byte % PREFIX_ALPHABET.length]).join(
    '',
  );
  const secret = randomBytes(32).toString('base64url');
  const salt = randomBytes(16);
  const hash = await derive(secret, salt, SCRYPT);
  const { N, r, p } = SCRYPT;
  const entry: ApiKeyEntry = {
    ...options,
    prefix,
    hash: `scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`,
  };
  const checked = entrySchema.safeParse(entry);
  if (!checked.success) {
    const faults = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new SluiceError('CMD_KEYS_INVALID', `This key cannot be made: ${faults.join('; ')}.`, {
      hint: 'Correct what is named and make it again.',
    });
  }
  return { key: `slk_${prefix}_${secret}`, entry };
}

/** @throws CMD_KEYS_INVALID naming the entry and the field, never a hash. */
export function parseKeyList(text: string): readonly ApiKeyEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SluiceError('CMD_KEYS_INVALID', 'The list of API keys is not JSON.');
  }
  const parsed = z.array(entrySchema).safeParse(value);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => issue.path.join('.') || '(list)').join(', ');
    throw new SluiceError('CMD_KEYS_INVALID', `The list of API keys has faults at: ${places}.`);
  }
  const prefixes = new Set(parsed.data.map((entry) => entry.prefix));
  if (prefixes.size < parsed.data.length)
    throw new SluiceError('CMD_KEYS_INVALID', 'Two API keys have the same prefix.');
  return parsed.data;
}

/** The secret of a key that has its shape; null for any other text. */
export function splitKey(key: string): { readonly prefix: string; readonly secret: string } | null {
  const [, prefix, secret] = KEY.exec(key) ?? [];
  return prefix === undefined || secret === undefined ? null : { prefix, secret };
}

/** Whether the secret is the one that was hashed. Takes as long as one hash: about 40 ms. */
export async function matchesHash(secret: string, stored: string): Promise<boolean> {
  const [, N, r, p, salt, hash] = HASH.exec(stored)!;
  const expected = Buffer.from(hash!, 'base64url');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return timingSafeEqual(await derive(secret, Buffer.from(salt!, 'base64url'), cost, expected.length), expected);
}

function derive(secret: string, salt: Buffer, cost: ScryptOptions, bytes = HASH_BYTES): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, bytes, { ...cost, maxmem: 256 * 1024 * 1024 }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
