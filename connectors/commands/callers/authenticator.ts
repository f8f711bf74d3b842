import type { PeerCertificate } from 'node:tls';
import { bearerCredential } from '#infra/runtime/http/tokens.ts';
import type { Caller } from '../pipeline/caller.ts';
import { type CertificateEntry, callerOfCertificate } from './certificates.ts';
import type { TokenVerifier } from './jwt.ts';
import type { KeyRing } from './keyRing.ts';

const KEY_START = 'slk_';

export interface AuthenticatorOptions {
  readonly keys: KeyRing;
  readonly tokens?: TokenVerifier;
  readonly certificates?: readonly CertificateEntry[];
}

/** Who is calling. Whoever proves nothing is nobody: there is no default caller. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** The caller of an API key; null when it is none of ours. */
  key(text: string): Promise<Caller | null> {
    return this.#options.keys.verify(text);
  }

  /**
   * The caller of a request: its Authorization header when there is one, else its client certificate. A bad header is not made good by a
   * certificate.
   * @throws TOKEN_UNPROVEN when a token could not be checked at all.
   */
  async request(authorization: string | undefined, certificate: PeerCertificate | undefined): Promise<Caller | null> {
    const { tokens, certificates = [] } = this.#options;
    if (authorization === undefined)
      return certificate === undefined ? null : callerOfCertificate(certificate, certificates);
    const credential = bearerCredential(authorization);
    if (credential === undefined) return null;
    if (credential.startsWith(KEY_START)) return this.key(credential);
    return tokens === undefined || !tokens.isConfigured ? null : tokens.verify(credential);
  }
}
