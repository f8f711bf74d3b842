import { createHash } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { SluiceError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/** One issuer of tokens that is believed. */
export interface TokenIssuer {
  /** Short name, first part of the caller's id: `<name>:<callerClaim>`. */
  readonly name: string;
  /** `iss` must be this, `aud` must hold this. */
  readonly issuer: string;
  readonly audience: string;
  /** Where its public keys are (JWKS). */
  readonly jwksUrl: string;
  /** Signature algorithms taken; only those with public keys. A token of another, `none` or a shared secret among them, is refused. */
  readonly algorithms: readonly string[];
  /** Seconds our clocks may differ. */
  readonly clockToleranceSeconds: number;
  /** Oldest token taken, seconds since `iat`. */
  readonly maxAgeSeconds: number;
  /** Claim that names the caller. */
  readonly callerClaim: string;
  /** Claim with the scopes: text with blanks between or a list. */
  readonly scopeClaim: string;
  /** Claim with the only customer the token may act for; `customerRequired` refuses tokens without it. */
  readonly customerClaim: string;
  readonly customerRequired: boolean;
}

/** What a token proves. */
export interface ProvenToken {
  /** The issuer's short name. */
  readonly issuer: string;
  /** `<issuer>:<name>`, at most 64 characters. */
  readonly callerId: string;
  /** As they stand in the token. */
  readonly scopes: readonly string[];
  /** The only customer it may act for; left out where the issuer may speak for all. */
  readonly customer?: string;
}

/** Keys are asked for again after this long even when they work, so that a withdrawn key dies. */
const KEYS_MAX_AGE_MS = 600_000;
/** A token with an unknown key id makes us look for new keys at most this often: forged ids must not hammer the issuer. */
const KEYS_COOLDOWN_MS = 30_000;
const KEYS_TIMEOUT_MS = 3000;
/** After a failed look-up the next waits this long, for every caller. */
const FAILURE_PAUSE_MS = 2000;
const MAX_CALLER_CHARS = 64;
const CALLER = /^[A-Za-z0-9._:@-]+$/;
const CUSTOMER = /^[\x21-\x7e]{1,64}$/;

/** Longest credential looked at: an API key has 60 characters, a token of a few claims under 2000. */
const BEARER = /^Bearer ([\x21-\x7e]{1,4096})$/i;

/** The credential of an Authorization header; undefined when it is of another kind. Source: RFC 6750 §2.1. */
export function bearerCredential(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

/** Checks tokens (JWS compact, RFC 7519) of the issuers that are configured; for every door of ours that takes them. */
export class TokenCheck {
  readonly #issuers: readonly (TokenIssuer & { readonly keys: ReturnType<typeof keysOf> })[];
  readonly #now: () => number;

  constructor(issuers: readonly TokenIssuer[], log: Logger, now: () => number = Date.now) {
    this.#issuers = issuers.map((issuer) => ({ ...issuer, keys: keysOf(issuer, log, now) }));
    this.#now = now;
  }

  get isConfigured(): boolean {
    return this.#issuers.length > 0;
  }

  /**
   * What it proves, or null when it proves nothing: wrong signature, issuer, audience, time, algorithm or form.
   * @throws TOKEN_UNPROVEN when the issuer's keys cannot be had: the token may be good.
   */
  async check(token: string): Promise<ProvenToken | null> {
    // The unverified issuer only chooses whose keys to try; jwtVerify then requires exactly that one.
    const claimed = issuerOf(token);
    const issuer = this.#issuers.find((entry) => entry.issuer === claimed);
    if (issuer === undefined) return null;
    try {
      const { payload } = await jwtVerify(token, issuer.keys, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: [...issuer.algorithms],
        clockTolerance: issuer.clockToleranceSeconds,
        maxTokenAge: issuer.maxAgeSeconds,
        requiredClaims: ['exp', issuer.callerClaim],
        currentDate: new Date(this.#now()),
      });
      return provenBy(payload, issuer);
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      if (error instanceof errors.JOSEError) return null;
      throw keysAway(issuer, error);
    }
  }
}

const keysAway = (issuer: TokenIssuer, cause?: unknown): SluiceError =>
  new SluiceError('TOKEN_UNPROVEN', `The keys of ${issuer.name} could not be read.`, { cause });

function issuerOf(token: string): unknown {
  const payload = token.split('.')[1] ?? '';
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { iss?: unknown } | null)?.iss;
  } catch {
    return undefined;
  }
}

/** Public keys of the issuer, cached; failures of the look-up become ours and are not repeated at once. */
function keysOf(issuer: TokenIssuer, log: Logger, now: () => number) {
  const remote = createRemoteJWKSet(new URL(issuer.jwksUrl), {
    cacheMaxAge: KEYS_MAX_AGE_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: KEYS_TIMEOUT_MS,
  });
  let failedAtMs = Number.NEGATIVE_INFINITY;
  return async (...call: Parameters<typeof remote>) => {
    if (!remote.fresh && now() - failedAtMs < FAILURE_PAUSE_MS) throw keysAway(issuer);
    try {
      return await remote(...call);
    } catch (error) {
      const isTokensFault = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported;
      if (isTokensFault || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      failedAtMs = now();
      log.warn({ event: 'token_keys_away', issuer: issuer.name, error: error instanceof Error ? error.name : 'error' });
      throw keysAway(issuer, error);
    }
  };
}

/** Null when a claim has not the form it must have: nobody is guessed. */
function provenBy(payload: JWTPayload, issuer: TokenIssuer): ProvenToken | null {
  const name = payload[issuer.callerClaim];
  const customer = payload[issuer.customerClaim];
  if (typeof name !== 'string' || name === '') return null;
  if (customer === undefined ? issuer.customerRequired : typeof customer !== 'string' || !CUSTOMER.test(customer))
    return null;
  return {
    issuer: issuer.name,
    callerId: callerId(issuer.name, name),
    scopes: scopesOf(payload[issuer.scopeClaim]),
    ...(typeof customer === 'string' ? { customer } : {}),
  };
}

/** `<issuer>:<name>`; a name that is too long or has other letters becomes its hash, so that two names never share an id. */
function callerId(issuer: string, name: string): string {
  const plain = `${issuer}:${name}`;
  if (plain.length <= MAX_CALLER_CHARS && CALLER.test(name) && !name.startsWith('sha-')) return plain;
  return `${issuer}:sha-${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
}

function scopesOf(claim: unknown): string[] {
  const words: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return words.filter((word): word is string => typeof word === 'string' && word !== '');
}
