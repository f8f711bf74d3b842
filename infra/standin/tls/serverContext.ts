import { createSecureContext, type SecureContext } from 'node:tls';
import { createSelfSigned } from './selfSigned.ts';

const CERTIFICATE_NAME = 'SSL_Self_Signed_Fallback';

/**
 * TLS settings with a fresh certificate. TLS 1.2 at most: 1.3 sends session tickets after the handshake, which a client that encrypts its
 * login only would take for part of the reply (and inside prelogin packets no driver needs more).
 */
export function createServerContext(): SecureContext {
  return createSecureContext({ ...createSelfSigned(CERTIFICATE_NAME, new Date()), maxVersion: 'TLSv1.2' });
}
