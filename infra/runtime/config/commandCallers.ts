import { z } from 'zod';
import { secretSchema } from './sections.ts';

/** Who may call the command API besides the holders of API keys. */

const CALLER = /^[A-Za-z0-9._-]{1,64}$/;

export const certificatesSchema = z
  .array(
    z.strictObject({
      id: z
        .string()
        .regex(CALLER, { error: 'expected 1 to 64 letters, digits or . _ -' })
        .describe('Names the caller in audit records.'),
      scopes: z.array(z.string().min(1)).describe('What it may do.'),
      customer: z
        .string()
        .regex(/^[1-9][0-9]{0,9}$/)
        .describe('The only customer it may act for; left out: all.')
        .optional(),
      match: z
        .union([
          z.strictObject({ fingerprint256: z.string().regex(/^[0-9A-Fa-f:]{64,95}$/) }),
          z.strictObject({
            subjectAltName: z
              .string()
              .regex(/^(?:DNS|URI|email):./i, { error: 'expected DNS:..., URI:... or email:...' }),
          }),
          z.strictObject({ commonName: z.string().min(1) }),
        ])
        .describe(
          'The mark it is known by: SHA-256 of the certificate, one subject alternative name, or the common name.',
        ),
    }),
  )
  .describe('Client certificates that are callers; they need tls.clientCa. Default none.')
  .default([]);

export const tlsSchema = z
  .strictObject({
    certificate: secretSchema('Certificate chain of this server, PEM.'),
    key: secretSchema('Its private key, PEM.'),
    clientCa: secretSchema('Certificates of the authorities whose client certificates are taken, PEM.').optional(),
    requireClientCertificate: z
      .boolean()
      .describe('Refuse connections without a client certificate. Default false: it is one credential among others.')
      .default(false),
  })
  .describe('HTTPS. Leave out when a proxy in front ends TLS.');
