import { generateKeyPairSync, type JsonWebKey, randomUUID, sign } from 'node:crypto';

/** What the storefront API is told to expect of the demo shop's tokens. */
export const TOKEN_ISSUER = 'https://shop.invalid';
export const TOKEN_AUDIENCE = 'storefront';
const TOKEN_SCOPE = 'orders:read';

/** Seconds a token lives: one is made for each request. */
const LIFETIME_SECONDS = 60;

/**
 * The demo shop as an issuer of customers' tokens (JWT, ES256), as a real shop's log-in would be. The key lives as long as this process; the
 * storefront API reads its public half from `jwks`. Source: RFC 7515, RFC 7517, RFC 7519.
 */
export class CustomerTokens {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #id = randomUUID();

  /** The public key as a JWK set. */
  jwks(): { readonly keys: readonly JsonWebKey[] } {
    return { keys: [{ ...this.#keys.publicKey.export({ format: 'jwk' }), kid: this.#id, alg: 'ES256', use: 'sig' }] };
  }

  /** A token that shows this customer's orders. */
  issue(customer: string): string {
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: 'ES256', kid: this.#id, typ: 'JWT' };
    const claims = {
      iss: TOKEN_ISSUER,
      aud: TOKEN_AUDIENCE,
      sub: `customer-${customer}`,
      scope: TOKEN_SCOPE,
      customer,
      iat: now,
      exp: now + LIFETIME_SECONDS,
    };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(text), { key: this.#keys.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}
