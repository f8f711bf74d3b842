import { z } from 'zod';
import { text, wholeNumber } from './sections.ts';

/** Issuers of tokens whose holders are believed; the same form for the command API and the read API. */

/** Signatures that are checked with a public key. Shared secrets and `none` are not on offer. Source: RFC 7518 §3.1, RFC 8037. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
const NAME = /^[a-z0-9-]{1,20}$/;

export const tokensSchema = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(NAME, { error: 'expected 1 to 20 small letters, digits or hyphens' })
        .describe("Short name of the issuer: first part of its callers' ids, <name>:<subject>."),
      issuer: text('What `iss` must be.'),
      audience: text('What `aud` must hold: the name of this API at the issuer.'),
      jwksUrl: z
        .url({ protocol: /^https?$/ })
        .describe(
          'Where the issuer publishes its keys (JWKS); read again after ten minutes and for an unknown key id.',
        ),
      algorithms: z
        .array(z.enum(ALGORITHMS))
        .min(1)
        .describe('Signature algorithms that are taken. Default ES256 and RS256.')
        .default(['ES256', 'RS256']),
      clockToleranceSeconds: wholeNumber('Seconds the clocks may differ. Default 30.', 0, 600).default(30),
      maxAgeSeconds: wholeNumber('Oldest token taken, seconds since `iat`. Default 3600.', 1, 86_400).default(3600),
      callerClaim: text('Claim that names the caller. Default sub.').default('sub'),
      scopeClaim: text('Claim with the scopes: text with blanks between, or a list. Default scope.').default('scope'),
      customerClaim: text('Claim with the only customer the token may act for. Default customer.').default('customer'),
      customerRequired: z
        .boolean()
        .describe('Refuse tokens without that claim: no token of this issuer may act for everybody. Default true.')
        .default(true),
    }),
  )
  .describe('Issuers of tokens (JWT) that are believed. Default none.')
  .default([]);
