import { createHmac } from 'node:crypto';
import type { Secret } from '#infra/runtime/config/reference.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const PREFIX = 'whsec_';
const LEAST_BYTES = 24;
const MOST_BYTES = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/**
 * The headers that prove a message. One `v1` signature a secret, so that a receiver may check with the old or the new one while they are
 * exchanged. Source: Standard Webhooks specification, "Webhook headers" and "Signature scheme" (HMAC-SHA256 over id.timestamp.body).
 * @param id of the message, the same at every attempt
 * @param atMs time of this attempt, ms since 1970; receivers refuse old ones
 * @throws WEBHOOK_SECRET_INVALID, CFG_SECRET_MISSING
 */
export function signedHeaders(
  secrets: readonly Secret[],
  id: string,
  atMs: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', secretBytes(secret)).update(`${id}.${timestamp}.${body}`);
    return `v1,${mac.digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/** @throws WEBHOOK_SECRET_INVALID naming where it comes from, never what it is */
export function secretBytes(secret: Secret): Buffer {
  const text = secret.read();
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  const bytes = Buffer.from(encoded, 'base64');
  if (BASE64.test(encoded) && bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES) return bytes;
  throw new SluiceError(
    'WEBHOOK_SECRET_INVALID',
    `Secret in ${secret.origin}: expected base64 of ${LEAST_BYTES} to ${MOST_BYTES} bytes, found something else.`,
  );
}
