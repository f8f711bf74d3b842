import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { expect, it } from 'vitest';
import { createSelfSigned } from '#infra/standin/tls/selfSigned.ts';

it('makes a certificate for this machine that verifies with its own key and fits the private one', () => {
  const now = new Date('2024-02-29T12:00:00Z');
  const { key, cert } = createSelfSigned('Stand-in', now);
  const parsed = new X509Certificate(cert);
  expect(parsed.subject).toBe('CN=Stand-in');
  expect(parsed.issuer).toBe('CN=Stand-in');
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(parsed.checkHost('localhost')).toBe('localhost');
  expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(parsed.validFromDate.getTime()).toBeLessThan(now.getTime());
  expect(parsed.validToDate.getTime()).toBeGreaterThan(now.getTime());
  expect(() => createSecureContext({ key, cert })).not.toThrow();
});

it('makes another one each time', () => {
  expect(createSelfSigned('a', new Date()).cert).not.toBe(createSelfSigned('a', new Date()).cert);
});
