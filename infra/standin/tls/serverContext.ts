import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { createSelfSigned } from './selfSigned.ts';

const CERTIFICATE_NAME = 'SSL_Self_Signed_Fallback';

/**
 * TLS settings with the key and certificate of a PEM file, or with a fresh one. TLS 1.2 at most: 1.3 sends session tickets after the handshake, which a client that encrypts its
 * login only would take for part of the reply (and inside prelogin packets no driver needs more).
 */
export function createServerContext(file?: string): SecureContext {
  const given = file === undefined ? undefined : readFileSync(file, 'utf8');
  const pair = given === undefined ? createSelfSigned(CERTIFICATE_NAME, new Date()) : { key: given, cert: given };
  return createSecureContext({ ...pair, maxVersion: 'TLSv1.2' });
}
