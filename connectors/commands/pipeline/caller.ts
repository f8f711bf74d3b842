import type { Scope } from '../model/defineCommand.ts';

/** Who is calling, after the credential was checked. */
export interface Caller {
  /** Names the caller in audit records and idempotency rows: 1 to 64 of `A-Za-z0-9._:-`. Keys of different callers never meet. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** The only customer it may act for; undefined for a shop's own server, which acts for all. */
  readonly customer?: string;
  /** How it proved who it is, for the audit log: kind, and a public part of the credential (prefix of a key, issuer of a token, fingerprint of a certificate). */
  readonly credential: { readonly kind: 'key' | 'jwt' | 'certificate' | 'password'; readonly name: string };
}
