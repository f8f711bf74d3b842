import { TokenCheck, type TokenIssuer } from '#infra/runtime/http/tokens.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { SCOPES } from '../model/defineCommand.ts';
import type { Caller } from '../pipeline/caller.ts';

/** Customers of the shops' databases are numbers. */
const CUSTOMER = /^[1-9][0-9]{0,9}$/;

/** Tokens of the issuers that are configured, as callers of the command API. */
export class TokenVerifier {
  readonly #tokens: TokenCheck;

  constructor(issuers: readonly TokenIssuer[], log: Logger, now: () => number = Date.now) {
    this.#tokens = new TokenCheck(issuers, log, now);
  }

  get isConfigured(): boolean {
    return this.#tokens.isConfigured;
  }

  /**
   * The caller, or null when the token proves nothing. Scopes that are not ours are left out.
   * @throws TOKEN_UNPROVEN when the issuer's keys cannot be had: the token may be good.
   */
  async verify(token: string): Promise<Caller | null> {
    const proven = await this.#tokens.check(token);
    if (proven === null) return null;
    const { issuer, callerId, scopes, customer } = proven;
    if (customer !== undefined && !CUSTOMER.test(customer)) return null;
    return {
      id: callerId,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      credential: { kind: 'jwt', name: issuer },
      ...(customer === undefined ? {} : { customer }),
    };
  }
}
